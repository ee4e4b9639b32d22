/**
 * A process: what an aggregate waits for, and what is to be done about it. All of
 * it is pure and judges by the aggregate's newest state, so that looking late,
 * twice or out of order has the same result. The state is the log's; what is kept
 * beside it are deadlines, which can be made again from the log.
 */
import type { Decider } from '../eventstore/decider.ts';
import type { RecordedEvent } from '../eventstore/event-store.ts';
import type { EventCodec } from '../eventstore/event-table.ts';
import type { DeadlineRules } from './deadline-rules.ts';

/** What made the process look: an event of the aggregate, or a deadline that came due. */
export type Trigger<Kind extends string> =
  | { readonly type: 'event' }
  | { readonly type: 'deadline'; readonly kind: Kind };

/** What an aggregate waits for at one moment. */
export interface Waiting<Kind extends string> {
  readonly awaited: readonly Kind[];
  readonly passed: readonly Kind[];
}

/** Why a command is given. */
export interface Cause<Command, Kind extends string> {
  readonly aggregateId: string;
  readonly command: Command;
  readonly trigger: Trigger<Kind>;
  /** How often the worker of each kind that is asked again was asked. */
  readonly asked: Readonly<Partial<Record<Kind, number>>>;
}

/** A process over the aggregates of one type. */
export interface Process<State, Command, Event, Kind extends string> {
  /** What the aggregates are filed under. */
  readonly aggregateType: string;
  readonly decider: Decider<State, Command, Event>;
  readonly codec: EventCodec<Event>;
  /** The types of all events that begin or end a wait. */
  readonly follows: readonly string[];
  /** A rule for each kind of wait. */
  readonly deadlines: DeadlineRules<Kind>;
  /** The kinds that an aggregate in `state` waits for: each has a deadline. */
  readonly awaited: (state: State) => readonly Kind[];
  /**
   * The kinds that it never waits for again, whatever happens. An event clears these
   * and no others: what the process hears of late must not clear a deadline that
   * another instance has set meanwhile. A kind that is left out costs a row until it
   * is due.
   */
  readonly passed: (state: State) => readonly Kind[];
  /**
   * The command that `state` asks for; undefined: none. One is enough, for its event
   * is followed in turn. A deadline is a trigger only where `state` awaits its kind:
   * one that finds the aggregate elsewhere counts as an event.
   */
  readonly react: (
    state: State,
    trigger: Trigger<Kind>,
    aggregateId: string,
  ) => Command | undefined;
  /**
   * The id of the n-th event that a command is answered by, the same each time: then a
   * command given twice, or by two instances, is one append. Frozen.
   */
  readonly eventId: (cause: Cause<Command, Kind>, index: number) => string;
  /**
   * What `event` tells alone of how things stand after it; undefined: the aggregate
   * must be read. Only for states in which `react` has no command for an event.
   * Default: each aggregate is read.
   */
  readonly toldBy?: (event: RecordedEvent) => Waiting<Kind> | undefined;
}
