import { isAskedAgain } from './deadline-rules.ts';
import type { Process, Trigger } from './process.ts';

/** What one look at an aggregate leads to. */
export interface Step<Command, Kind extends string> {
  readonly command: Command | undefined;
  /** What the command is given for. */
  readonly trigger: Trigger<Kind>;
  /** The deadlines that go when the command is done. */
  readonly clears: readonly Kind[];
}

/** What `process` does about an aggregate in `state`, given what made it look. Pure. */
export function stepOf<State, Command, Event, Kind extends string>(
  process: Pick<Process<State, Command, Event, Kind>, 'awaited' | 'passed' | 'react' | 'deadlines'>,
  state: State,
  trigger: Trigger<Kind>,
  aggregateId: string,
): Step<Command, Kind> {
  const { awaited, passed, react, deadlines } = process;
  if (trigger.type === 'event') {
    return { trigger, command: react(state, trigger, aggregateId), clears: passed(state) };
  }
  const { kind } = trigger;
  if (awaited(state).includes(kind)) {
    // Asked again, it waits again: what is asked twice may be lost twice.
    const clears = isAskedAgain(deadlines[kind]) ? [] : [kind];
    return { trigger, command: react(state, trigger, aggregateId), clears };
  }
  const { command, clears } = stepOf(process, state, { type: 'event' }, aggregateId);
  if (clears.includes(kind)) return { command, clears, trigger: { type: 'event' } };
  // Where it found something to do, it stays and looks once more whether that is done.
  return { command, clears: command === undefined ? [kind] : [], trigger: { type: 'event' } };
}
