import { isAskedAgain } from './deadline-rules.ts';
import type { Process, Trigger } from './process.ts';

/** The result of one look at an aggregate. */
export interface Step<Command, Kind extends string> {
  readonly command: Command | undefined;
  /** Why the command is given. */
  readonly trigger: Trigger<Kind>;
  /** The deadlines to remove when the command is done. */
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
    // After asking again it waits again: the second request may be lost too.
    const clears = isAskedAgain(deadlines[kind]) ? [] : [kind];
    return { trigger, command: react(state, trigger, aggregateId), clears };
  }
  const { command, clears } = stepOf(process, state, { type: 'event' }, aggregateId);
  if (clears.includes(kind)) return { command, clears, trigger: { type: 'event' } };
  // A deadline that found something to do stays, to check once more that it is done.
  return { command, clears: command === undefined ? [kind] : [], trigger: { type: 'event' } };
}
