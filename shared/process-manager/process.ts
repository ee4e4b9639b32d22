/**
 * A process: what an aggregate waits for, and what to do about it. All of it is pure and
 * judges by the aggregate's newest state, so that looking late, twice or out of order has
 * the same result. The log holds the state; only deadlines are stored beside it, and they
 * can be rebuilt from the log.
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
  /** How often the worker was asked, for each kind that is asked again. */
  readonly asked: Readonly<Partial<Record<Kind, number>>>;
}

/** A process over the aggregates of one type. */
export interface Process<State, Command, Event, Kind extends string> {
  /** The aggregates' type in the log. */
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
   * The kinds that it never waits for again, whatever happens. An event clears only
   * these: an event that is read late must not clear a deadline that another instance has
   * set meanwhile. Leaving out a kind costs a row until it is due.
   */
  readonly passed: (state: State) => readonly Kind[];
  /**
   * The command that `state` asks for; undefined: none. One is enough, because its event
   * is followed in turn. A deadline is a trigger only if `state` awaits its kind: one
   * that finds the aggregate elsewhere counts as an event.
   */
  readonly react: (
    state: State,
    trigger: Trigger<Kind>,
    aggregateId: string,
  ) => Command | undefined;
  /**
   * The id of the n-th event that answers a command, the same each time, so that a
   * command given twice, or by two instances, is one append. Frozen.
   */
  readonly eventId: (cause: Cause<Command, Kind>, index: number) => string;
  /**
   * What `event` alone shows of the waits after it; undefined: the aggregate must be
   * read. Only for states in which `react` has no command for an event. Default: each
   * aggregate is read.
   */
  readonly toldBy?: (event: RecordedEvent) => Waiting<Kind> | undefined;
}
