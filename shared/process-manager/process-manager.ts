/**
 * Follows a process: looks at an aggregate when something happens to it or a deadline is
 * due, gives the command that the process asks for, and keeps the deadlines in step with
 * the log.
 */
import { commandHandler } from '../eventstore/command-handler.ts';
import type { AggregateStore, RecordedEvent } from '../eventstore/event-store.ts';
import type { Context } from '../kit/context.ts';
import { isAskedAgain } from './deadline-rules.ts';
import type { Deadline } from './deadlines.ts';
import type { DeadlineChange, DeadlineWrites } from './grouped-writes.ts';
import type { Cause, Process, Trigger } from './process.ts';
import { stepOf } from './step.ts';
import { deadlineChange, type Folded, foldWaits, keysOf, waitsAfter } from './waits/waits.ts';

/** The result of a look. */
export interface Done<Command, Event> {
  /** The command given; undefined: none was asked for. */
  readonly command: Command | undefined;
  /** The events appended; empty if there was nothing to do, or the command was refused. */
  readonly events: readonly Event[];
}

/** Both may be called again, late, out of order, and by several instances at once. */
export interface ProcessManager<Command, Event, Kind extends string> {
  /**
   * Call it for each event of an aggregate: gives the command that the newest state asks
   * for, and sets and clears the deadlines.
   */
  follow(ctx: Context, event: RecordedEvent): Promise<Done<Command, Event>>;
  /**
   * Call it when a deadline is due: gives the process's command for it if the aggregate
   * still waits for that, and removes the deadline. If the worker is asked again, the
   * deadline is set again.
   *
   * Both reject with the errors of the event store and the table.
   */
  fire(
    ctx: Context,
    deadline: Pick<Deadline<Kind>, 'aggregateId' | 'kind' | 'causedBy'>,
  ): Promise<Done<Command, Event>>;
}

/** Follows `process` in the log of `store`, and writes its deadlines through `writes`. Nothing to close. */
export function processManager<State, Command, Event, Kind extends string>(
  process: Process<State, Command, Event, Kind>,
  store: AggregateStore,
  writes: DeadlineWrites<Kind>,
): ProcessManager<Command, Event, Kind> {
  const { aggregateType, decider, codec } = process;
  const commands = commandHandler({ aggregateType, decider, codec, store });

  /**
   * Gives the command that `trigger` asks for, by the aggregate's current state.
   *
   * @param stale whether the events show that it is already done
   */
  async function act(
    ctx: Context,
    aggregateId: string,
    trigger: Trigger<Kind>,
    stale: (folded: Folded<State, Kind>) => boolean = () => false,
  ): Promise<Done<Command, Event> & { readonly state: State }> {
    let cause: Cause<Command, Kind> | undefined;
    const { state, decision } = await commands.handle(ctx, {
      aggregateId,
      kind: 'decision',
      command: (seen, recorded) => {
        cause = undefined;
        const step = stepOf(process, seen, trigger, aggregateId);
        if (step.command === undefined) return undefined;
        const folded = foldWaits(process, recorded);
        if (stale(folded)) return undefined;
        cause = { ...step, command: step.command, aggregateId, asked: folded.asked };
        return cause.command;
      },
      eventId: (index) => (cause === undefined ? '' : process.eventId(cause, index)),
    });
    return { state, command: cause?.command, events: decision.accepted ? decision.events : [] };
  }

  async function write(change: DeadlineChange<Kind>): Promise<void> {
    if (change.put.length + change.remove.length > 0) await writes.write(change);
  }

  /** Reads the aggregate once more, for what it waits for and since when. */
  async function writeAfresh(ctx: Context, aggregateId: string): Promise<void> {
    const recorded = await store.readAggregate(ctx, { aggregateType, aggregateId });
    await write(deadlineChange(process, aggregateId, foldWaits(process, recorded)));
  }

  /** Whether `events`, appended to an aggregate in `state`, make it wait for something else. */
  function beginsWait(state: State, events: readonly Event[]): boolean {
    const before = process.awaited(state);
    const after = process.awaited(events.reduce(decider.evolve, state));
    return after.some((kind) => !before.includes(kind));
  }

  return {
    async follow(ctx, event) {
      const { aggregateId } = event;
      const told = waitsAfter(process, event);
      if (told !== undefined) {
        await write(deadlineChange(process, aggregateId, told));
        return { command: undefined, events: [] };
      }
      const { state, command, events } = await act(ctx, aggregateId, { type: 'event' });
      // Appended events may begin a wait, too.
      const waits = events.length > 0 || process.awaited(state).length > 0;
      if (waits) await writeAfresh(ctx, aggregateId);
      else await write({ put: [], remove: keysOf(aggregateId, process.passed(state)) });
      return { command, events };
    },

    async fire(ctx, { aggregateId, kind, causedBy }) {
      const trigger: Trigger<Kind> = { type: 'deadline', kind };
      if (isAskedAgain(process.deadlines[kind])) {
        // Of two that fire, the second finds the event of the first.
        const { command, events } = await act(
          ctx,
          aggregateId,
          trigger,
          ({ since }) => since[kind]?.eventId !== causedBy,
        );
        await writeAfresh(ctx, aggregateId);
        return { command, events };
      }
      let isOver = false;
      const { state, command, events } = await act(ctx, aggregateId, trigger, ({ since }) => {
        // It may wait for the same thing again: that is another wait, with its own deadline.
        isOver = since[kind] !== undefined && since[kind].eventId !== causedBy;
        return isOver;
      });
      if (isOver) {
        await writeAfresh(ctx, aggregateId);
        return { command: undefined, events: [] };
      }
      const { clears } = stepOf(process, state, trigger, aggregateId);
      // Another instance may have set the deadline of the next wait meanwhile.
      const remove = keysOf(aggregateId, clears).map((key) =>
        key.kind === kind ? { ...key, causedBy } : key,
      );
      await write({ put: [], remove });
      if (beginsWait(state, events)) await writeAfresh(ctx, aggregateId);
      return { command, events };
    },
  };
}
