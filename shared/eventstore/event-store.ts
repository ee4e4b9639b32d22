import type { Currency } from '../domain/currency.ts';
import type { Context } from '../kit/context.ts';
import type { DeadLetter } from '../kit/delivery.ts';

/** An event that is to be appended. */
export interface NewEvent {
  /** Its identity, chosen by the writer: an append repeated with the same id is done once. 1–200 printable characters. */
  readonly eventId: string;
  /** `<stream>.<token>`, such as `ORDERS.created`; it is also the subject it is published on. */
  readonly eventType: string;
  readonly aggregateId: string;
  readonly aggregateType: string;
  /** JSON text or empty. Comes back byte for byte. */
  readonly data: string;
  /** Correlation, causation and trace; not part of what makes two events equal. */
  readonly metadata: Readonly<Record<string, string>>;
}

/** An event as it stands in the log. */
export interface RecordedEvent extends NewEvent {
  readonly stream: string;
  /** 1, 2, 3, … within its aggregate, without a gap. */
  readonly version: bigint;
  /** 1, 2, 3, … within its stream, without a gap; also its sequence in JetStream. */
  readonly position: bigint;
  /** By the database's clock, at the commit's start. Never order by it. */
  readonly createdAt: Date;
}

/** Where an append came to lie: version and position of its last event. */
export interface Appended {
  readonly version: bigint;
  readonly position: bigint;
}

/**
 * Which appends go first where many wait. `answers` are what workers append
 * about an order that is under way; they go before `new work`, so that a rush
 * of orders is not finished later for being taken in faster.
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
   * Of the event at `afterPosition`. Where the log does not have it there, as after a
   * restore, the reading rejects with `precondition_failed` (`place_not_in_log`):
   * what comes after is not what follows on what was read.
   */
  readonly afterEventId?: string;
}

/** How to read on. */
export interface ReadOptions {
  /** After the last event, wait for those that come; until `ctx.signal` is aborted. */
  readonly follow?: boolean;
}

/** One page of events, and where to go on: `nextPosition` is the next `afterPosition`, undefined when there is no more. */
export interface EventPage {
  readonly events: readonly RecordedEvent[];
  readonly nextPosition: bigint | undefined;
}

/**
 * `parked`: waits for somebody to look at it. `requested`: its consumer was
 * asked to serve the event once more. `resolved`: it did, and well. `closed`:
 * somebody put it aside for good, and said why.
 */
export type LetterState = 'parked' | 'requested' | 'resolved' | 'closed';

/** A dead letter as it is kept. Times are by the database's clock. */
export interface ParkedLetter extends DeadLetter {
  /** When it was first parked. */
  readonly parkedAt: Date;
  readonly state: LetterState;
  /** How often it was handed to its consumer to be served once more. */
  readonly replays: number;
  /** Of the replay that is asked for or under way. */
  readonly replayRequestedAt: Date | undefined;
  /** When a replay succeeded. */
  readonly resolvedAt: Date | undefined;
  /** When somebody put it aside for good. */
  readonly closedAt: Date | undefined;
  /** Why; empty unless closed. */
  readonly closeReason: string;
}

/**
 * How far a consumer has come. A place in the log is a position and the id of the
 * event there: after the log was restored another event may stand at the same
 * position, and then the checkpoint says nothing of it.
 */
export interface Checkpoint {
  /** Everything up to here is done; 0n before the first event. */
  readonly position: bigint;
  /** Of the event at `position`; empty at 0n. Empty elsewhere: it is not known. */
  readonly eventId: string;
  /** Everything up to here was delivered to the consumer, answered or not: at least `position`. */
  readonly delivered: bigint;
}

/** A checkpoint as it is kept. */
export interface KeptCheckpoint extends Checkpoint {
  readonly consumer: string;
  /** When it was last changed, by the database's clock. */
  readonly updatedAt: Date;
  /** The log has that event at that position; without an id, it has any event there. */
  readonly holds: boolean;
}

/** Which dead letters to list; a field left out does not filter. */
export interface LetterFilter {
  readonly consumer?: string;
  readonly state?: LetterState;
  readonly position?: bigint;
  /** At most 1,000; an empty list does not filter. */
  readonly eventIds?: readonly string[];
  /** Only letters behind this one, in the order of the list. */
  readonly after?: { readonly position: bigint; readonly consumer: string };
}

/** Appends to and reads from one stream's aggregates. */
export interface AggregateStore {
  /**
   * Appends events of one aggregate, all or none, in one commit.
   *
   * `expectedVersion` is the aggregate's version this was decided against: 0n
   * for an aggregate that must not exist yet; undefined for whatever it is.
   *
   * May be called again with the same ids and content: the first result comes
   * back. The id is looked at before the version. Errors, by kind: `conflict`
   * (another version), `already_exists` (an id with other content), `invalid`
   * (the event could not be stored or published), `overloaded`, `unavailable`
   * and `timeout` (for the last two the outcome is unknown: call again with the
   * same ids). Without a lane it is `new work`.
   */
  append(
    ctx: Context,
    events: readonly NewEvent[],
    expectedVersion?: bigint,
    lane?: Lane,
  ): Promise<Appended>;

  /** All events of one aggregate in the order of their versions; empty if it does not exist. */
  readAggregate(
    ctx: Context,
    aggregateType: string,
    aggregateId: string,
  ): Promise<readonly RecordedEvent[]>;
}

/** The event log as its clients see it, whether it is in this process or across the network. */
export interface EventStore extends AggregateStore {
  /** One page of at most `limit` events in the order of their positions. */
  read(ctx: Context, filter: EventFilter, limit: number): Promise<EventPage>;

  /**
   * All events there are, in the order of their positions, in bounded memory: as
   * many at a time as are at hand, never none. Ends at the head that it found
   * when it began; with `follow` it does not end, and goes over from what there
   * was to what comes without a gap or a repeat. Who reads slowly slows nobody
   * else. Leaving the loop ends it.
   */
  batches(
    ctx: Context,
    filter: EventFilter,
    options?: ReadOptions,
  ): AsyncIterable<readonly RecordedEvent[]>;

  /** `batches`, one event at a time. */
  stream(ctx: Context, filter: EventFilter, options?: ReadOptions): AsyncIterable<RecordedEvent>;

  /** Position of the last event, 0n for an empty log. */
  head(ctx: Context): Promise<bigint>;

  /** The currency that the log is kept in; undefined where nobody has said it yet. */
  currency(ctx: Context): Promise<Currency | undefined>;

  /**
   * Writes `configured` down with the log where nobody has said its currency yet, also
   * where there are events already, and resolves with what stands. It is written once;
   * of several that do it at the same moment one writes, and all get the same answer.
   */
  settleCurrency(ctx: Context, configured: Currency): Promise<Currency>;

  /**
   * Remembers how far `consumer` has come; may be repeated. The position moves
   * back only where the log does not have the event that is kept with it;
   * `delivered` is taken as it is said. Without an id the log's own event at that
   * position is taken. Rejects with `precondition_failed`: `not_published` while
   * the stream is not known to be the log's copy up to there, `place_not_in_log`
   * where the log has another event at that position.
   */
  saveCheckpoint(ctx: Context, consumer: string, checkpoint: Checkpoint): Promise<void>;

  /**
   * Where `consumer` may go on: what `saveCheckpoint` last kept, where the log has
   * that place. Where it does not, the last earlier place of the consumer that was
   * kept (one for each 10,000 positions) and that the log has, or 0n: what comes
   * again is harmless.
   */
  getCheckpoint(ctx: Context, consumer: string): Promise<Checkpoint>;

  /** All checkpoints as they are kept, by consumer, and whether each counts. */
  listCheckpoints(ctx: Context): Promise<readonly KeptCheckpoint[]>;

  /**
   * Keeps a dead letter; may be repeated (consumer and position are its
   * identity, and the first is kept). One that is being replayed, or was
   * resolved, is parked once more with what went wrong this time; one that was
   * closed stays so.
   */
  park(ctx: Context, letter: DeadLetter): Promise<void>;

  /** Dead letters by position, then by consumer, at most `limit`. */
  deadLetters(ctx: Context, filter: LetterFilter, limit: number): Promise<readonly ParkedLetter[]>;

  /**
   * Asks a letter's consumer to serve the event once more, and resolves with the
   * letter as it is then; the replay itself comes later. May be repeated.
   * Rejects with `not_found`, and with `conflict` for a letter that is resolved or closed.
   */
  requestReplay(ctx: Context, consumer: string, position: bigint): Promise<ParkedLetter>;

  /**
   * What `consumer` was asked to serve once more, at most `limit`, by position.
   * Each is the caller's for a minute: until it is resolved or parked again,
   * nobody else is given it. After that minute it is handed out again, five
   * times in all; then it counts as parked.
   */
  takeReplays(ctx: Context, consumer: string, limit: number): Promise<readonly ParkedLetter[]>;

  /** The letter's event was served. May be repeated; for a letter that there is not, or that is closed, it does nothing. */
  resolveReplay(ctx: Context, consumer: string, position: bigint): Promise<void>;

  /**
   * Puts a letter aside for good, and keeps when and why; a replay that was asked
   * for and not begun is called off. May be repeated: the first reason stays.
   * Rejects with `not_found`, and with `conflict` for a letter that is resolved,
   * or that its consumer is serving right now.
   */
  closeLetter(
    ctx: Context,
    consumer: string,
    position: bigint,
    reason: string,
  ): Promise<ParkedLetter>;
}
