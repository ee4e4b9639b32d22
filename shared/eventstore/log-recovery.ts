import type { Context } from '../kit/context.ts';
import { codedError } from '../kit/errors.ts';
import type { NewEvent, RecordedEvent } from './event-store.ts';

/**
 * How log and stream relate. `follows`: the stream is the log's copy, or becomes it by
 * itself. `behind`: the stream has events that the log has lost. `differs`: the two hold
 * different events from one position on. `refused`: the stream is foreign or unusable. In
 * the second and third case the log accepts no events.
 */
export type StandingKind = 'follows' | 'behind' | 'differs' | 'refused';

export interface LogStanding {
  readonly kind: StandingKind;
  /** Position of the log's last event. */
  readonly head: bigint;
  /** Last position up to which log and stream hold the same events. */
  readonly agreed: bigint;
  /** Last sequence of the stream. */
  readonly streamLast: bigint;
  /** For people; empty if the stream follows. */
  readonly why: string;
}

const STANDSTILLS = ['log_behind_stream', 'log_differs_from_stream', 'log_went_back'];

/**
 * Whether `error` means that the event store answers, but accepts no events until an
 * operator recovers it.
 */
export const isStandstill = (error: unknown): boolean =>
  STANDSTILLS.includes(codedError(error).code);

/** A request to give up the events that only the stream has. */
export interface GiveUp {
  /** From `standing`: only what was examined may be given up. */
  readonly agreed: bigint;
  readonly streamLast: bigint;
  /**
   * Events to append to the log, such as requests for voids; may be given again, because
   * their ids prevent duplicates.
   */
  readonly events: readonly NewEvent[];
}

/** A request to give up the stream, with the events that only it has. */
export interface DiscardRequest extends Omit<GiveUp, 'events'> {
  /** The latest position where a consumer continues. */
  readonly resumeAfter: bigint;
}

/** For an operator, after the log was restored to an older state. Each method is an endpoint. */
export interface LogRecovery {
  /** Compares log and stream now. Rejects with `unavailable` if either is away. */
  standing(ctx: Context): Promise<LogStanding>;

  /** The events of the stream that the log lacks, after the position up to which they agree, in order. */
  lostEvents(ctx: Context): Promise<AsyncIterable<readonly RecordedEvent[]>>;

  /**
   * Writes back what the log lost, from the stream, unchanged: ids, positions, versions,
   * metadata, times. Yields the last position after each write. May be called again, and
   * continues where it stopped. Rejects with `precondition_failed` if there is nothing to
   * recover (`nothing_to_recover`), and if a message is missing or cannot belong to the
   * log (`tail_incomplete`): what was written before it stays.
   */
  recover(ctx: Context): Promise<AsyncIterable<bigint>>;

  /**
   * Appends `events` even while appends are refused. Rejects with `precondition_failed`
   * (`tail_moved`) if log or stream has changed since it was examined.
   */
  giveUp(ctx: Context, giveUp: GiveUp): Promise<void>;

  /**
   * Recreates the stream from the log, and lets every consumer continue after
   * `resumeAfter` at the latest. What only the stream had is then gone. Rejects as
   * `giveUp` does.
   */
  discard(ctx: Context, request: DiscardRequest): Promise<void>;
}
