import type { Context } from '../kit/context.ts';
import type { Currency } from '../money/currency.ts';
import type { CheckpointStore } from './checkpoints.ts';
import type { LetterStore } from './dead-letters.ts';

/** An event to append. */
export interface NewEvent {
  /** Its identity, chosen by the writer: an append repeated with the same id is done once. 1–200 printable characters. */
  readonly eventId: string;
  /** `<stream>.<token>`, such as `PARCELS.sent`; it is also the subject it is published on. */
  readonly eventType: string;
  readonly aggregateId: string;
  readonly aggregateType: string;
  /** JSON text or empty. Comes back byte for byte. */
  readonly data: string;
  /** Correlation, causation and trace; not part of what makes two events equal. */
  readonly metadata: Readonly<Record<string, string>>;
}

/** An event as stored in the log. */
export interface RecordedEvent extends NewEvent {
  readonly stream: string;
  /** 1, 2, 3, … within its aggregate, without a gap. */
  readonly version: bigint;
  /** 1, 2, 3, … within its stream, without a gap; also its sequence in JetStream. */
  readonly position: bigint;
  /** By the database's clock, at the commit's start. Never order by it. */
  readonly createdAt: Date;
}

/** The result of an append: version and position of its last event. */
export interface Appended {
  readonly version: bigint;
  readonly position: bigint;
}

/**
 * Which appends go first when many wait. `answers` are what workers append about work in
 * progress; they go before `new work`, so that accepting a rush of it faster does not
 * make it finish later.
 */
export type Lane = 'answers' | 'new work';

/** Which events to read; a field left out does not filter. */
export interface EventFilter {
  readonly eventId?: string;
  readonly aggregateId?: string;
  readonly aggregateType?: string;
  readonly eventTypes?: readonly string[];
  /** At most 1,000; an empty list does not filter. */
  readonly positions?: readonly bigint[];
  /** Exclusive: only events after this position. */
  readonly afterPosition?: bigint;
  /**
   * The id of the event at `afterPosition`. If the log does not have it there, as after a
   * restore, the read rejects with `precondition_failed` (`place_not_in_log`), because later
   * events do not follow those already read.
   */
  readonly afterEventId?: string;
}

/** Events of one aggregate to append. */
export interface AppendRequest {
  readonly events: readonly NewEvent[];
  /**
   * The aggregate's version that this was decided against: 0n for an aggregate that
   * must not exist yet. Default: any.
   */
  readonly expectedVersion?: bigint | undefined;
  /** Default: `new work`. */
  readonly lane?: Lane | undefined;
}

/** What names one aggregate. */
export interface AggregateId {
  readonly aggregateType: string;
  readonly aggregateId: string;
}

/** Which events to read as one page. */
export interface ReadRequest extends EventFilter {
  /** From 1 to 1,000. */
  readonly limit: number;
}

/** Which events to read one after the other. */
export interface StreamRequest extends EventFilter {
  /** After the last event, wait for those that come; until `ctx.signal` is aborted. Default: no. */
  readonly follow?: boolean;
  /**
   * With `follow`: so many milliseconds pass after a batch before the next one, which has what
   * came meanwhile. From 0, the default, to 1,000. The first one comes at once. For a reader
   * that can wait: few large batches cost both sides much less than many small ones.
   */
  readonly gatherMs?: number;
  /** The events come with empty metadata, which is half of what they cost. Default: no. */
  readonly withoutMetadata?: boolean;
}

/**
 * One page of events, and where to continue: `nextPosition` is the next `afterPosition`,
 * undefined at the end.
 */
export interface EventPage {
  readonly events: readonly RecordedEvent[];
  readonly nextPosition: bigint | undefined;
}

/** Appends to and reads from one stream's aggregates. */
export interface AggregateStore {
  /**
   * Appends events of one aggregate, all or none, in one commit.
   *
   * May be called again with the same ids and content: the first result comes
   * back. The id is looked at before the version. Errors, by kind: `conflict`
   * (another version), `already_exists` (an id with other content), `invalid`
   * (the event could not be stored or published), `overloaded`, `unavailable`
   * and `timeout` (for the last two the outcome is unknown: call again with the
   * same ids).
   */
  append(ctx: Context, request: AppendRequest): Promise<Appended>;

  /** All events of one aggregate in the order of their versions; empty if it does not exist. */
  readAggregate(ctx: Context, aggregate: AggregateId): Promise<readonly RecordedEvent[]>;
}

/** A store that may remember what it has read. */
export interface RememberingStore extends AggregateStore {
  /**
   * What this process read of the aggregate lately, from its first event on, perhaps without
   * its newest ones; undefined if it does not have that. Only for a decision that expects the
   * version it saw. Absent where nothing is remembered.
   */
  recentAggregate?(aggregate: AggregateId): readonly RecordedEvent[] | undefined;
}

/**
 * The event store for its clients, in this process or over the network: its log, its
 * consumers' checkpoints, and dead letters. Each method is an endpoint.
 */
export interface EventStore extends AggregateStore, CheckpointStore, LetterStore {
  /** One page of at most `limit` events in the order of their positions. */
  read(ctx: Context, request: ReadRequest): Promise<EventPage>;

  /**
   * All events by position, in bounded memory: batches of what is available, never empty.
   * Ends at the head as of its start; with `follow` it does not end, and passes from old
   * events to new ones without a gap or a repeat. A slow reader slows nobody else. Leaving
   * the loop ends it.
   */
  batches(ctx: Context, request: StreamRequest): Promise<AsyncIterable<readonly RecordedEvent[]>>;

  /** `batches`, one event at a time. */
  stream(ctx: Context, request: StreamRequest): Promise<AsyncIterable<RecordedEvent>>;

  /** Position of the last event, 0n for an empty log. */
  head(ctx: Context): Promise<bigint>;

  /** The log's currency; undefined if none is recorded. */
  currency(ctx: Context): Promise<Currency | undefined>;

  /**
   * Records `configured` as the log's currency if there is none, even if the log has events,
   * and resolves with the recorded one. It is written once; of several simultaneous callers
   * one writes, and all get the same answer.
   */
  settleCurrency(ctx: Context, configured: Currency): Promise<Currency>;
}

/** An aggregate's events, all of them; undefined if they are too many to come with others. */
export type WholeAggregate = readonly RecordedEvent[] | undefined;

/** The event store as a server offers it: its clients make `readAggregate` of it. */
export interface ServedEventStore extends EventStore {
  /** Each of at most 128 aggregates, as of one moment; in the order asked. */
  readAggregates(
    ctx: Context,
    aggregates: readonly AggregateId[],
  ): Promise<readonly WholeAggregate[]>;
}
