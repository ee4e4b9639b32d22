import type { Context } from '../kit/context.ts';

/**
 * The progress of a consumer. A place in the log is a position and the id of the event there:
 * after a restore of the log another event may have that position, and the checkpoint
 * does not cover it.
 */
export interface Checkpoint {
  /** Everything up to here is done; 0n before the first event. */
  readonly position: bigint;
  /** The id of the event at `position`; empty at 0n, or if unknown. */
  readonly eventId: string;
  /** Everything up to here was delivered to the consumer, answered or not: at least `position`. */
  readonly delivered: bigint;
}

/** A checkpoint as stored. */
export interface KeptCheckpoint extends Checkpoint {
  readonly consumer: string;
  /** When it was last changed, by the database's clock. */
  readonly updatedAt: Date;
  /** The log has that event at that position; without an id, any event there. */
  readonly holds: boolean;
  /**
   * Milliseconds since the consumer last called the server that was asked: one that works calls
   * each second. Undefined if it has not called that one.
   */
  readonly silentMs?: number | undefined;
}

/** The progress of `consumer`. */
export interface SaveCheckpointRequest extends Checkpoint {
  readonly consumer: string;
  /** The types that it answers, at most 100: its lag is counted in them. Default: all. */
  readonly eventTypes?: readonly string[];
}

/** Stores the progress of consumers. */
export interface CheckpointStore {
  /**
   * Saves the progress of `consumer`; may be repeated. The position moves back only if the log
   * does not have the event saved with it; `delivered` is always replaced. Without an id
   * the log's own event at that position is taken. Rejects with `precondition_failed`:
   * `not_published` while the stream is not known to be the log's copy up to there,
   * `place_not_in_log` if the log has another event at that position.
   */
  saveCheckpoint(ctx: Context, request: SaveCheckpointRequest): Promise<void>;

  /**
   * Where `consumer` may continue: its last saved checkpoint, if the log has that place.
   * Otherwise its last earlier place (one is kept for each 10,000 positions) that the log
   * has, or 0n; repeated events are harmless.
   */
  getCheckpoint(ctx: Context, consumer: string): Promise<Checkpoint>;

  /** All checkpoints as stored, by consumer, and whether each counts. */
  listCheckpoints(ctx: Context): Promise<readonly KeptCheckpoint[]>;
}
