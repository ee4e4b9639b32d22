import type { Context } from '../kit/context.ts';
import type { DeadLetter } from '../kit/delivery.ts';

/**
 * `parked`: waits for a person. `requested`: its consumer shall process the event again.
 * `resolved`: it did, successfully. `closed`: somebody closed it for good, with a reason.
 */
export type LetterState = 'parked' | 'requested' | 'resolved' | 'closed';

/** A dead letter as stored. Times are by the database's clock. */
export interface ParkedLetter extends DeadLetter {
  /** When it was first parked. */
  readonly parkedAt: Date;
  readonly state: LetterState;
  /** How often it was handed to its consumer for a replay. */
  readonly replays: number;
  /** When the current replay was requested. */
  readonly replayRequestedAt: Date | undefined;
  /** When a replay succeeded. */
  readonly resolvedAt: Date | undefined;
  /** When somebody closed it. */
  readonly closedAt: Date | undefined;
  /** Why; empty unless closed. */
  readonly closeReason: string;
}

/** Which dead letters to list; a field left out does not filter. */
export interface LetterFilter {
  readonly consumer?: string;
  readonly state?: LetterState;
  readonly position?: bigint;
  /** At most 1,000; an empty list does not filter. */
  readonly eventIds?: readonly string[];
  /** Only letters after this one, in the order of the list. */
  readonly after?: { readonly position: bigint; readonly consumer: string };
}

/** What names one dead letter. */
export interface LetterId {
  readonly consumer: string;
  readonly position: bigint;
}

export interface DeadLettersRequest extends LetterFilter {
  /** From 1 to 1,000. */
  readonly limit: number;
}

export interface TakeReplaysRequest {
  readonly consumer: string;
  /** From 1 to 1,000. */
  readonly limit: number;
}

export interface CloseRequest extends LetterId {
  /** Why it needs no answer. */
  readonly reason: string;
}

/** Stores what consumers gave up on, until it is processed or closed. */
export interface LetterStore {
  /**
   * Stores a dead letter; may be repeated (consumer and position identify it, and the
   * first is kept). A letter that is being replayed, or was resolved, is parked again
   * with the new error; a closed one stays closed.
   */
  park(ctx: Context, letter: DeadLetter): Promise<void>;

  /** Dead letters by position, then by consumer, at most `limit`. */
  deadLetters(ctx: Context, request: DeadLettersRequest): Promise<readonly ParkedLetter[]>;

  /**
   * Requests that a letter's consumer process the event again, and resolves with the letter;
   * the replay itself comes later. May be repeated. Rejects with `not_found`, and with
   * `conflict` for a letter that is resolved or closed.
   */
  requestReplay(ctx: Context, letter: LetterId): Promise<ParkedLetter>;

  /**
   * The letters that `consumer` shall process again, at most `limit`, by position. The
   * caller holds each for a minute: nobody else gets it until it is resolved or parked
   * again. After that minute it is handed out again, five times in total; then it counts as
   * parked.
   */
  takeReplays(ctx: Context, request: TakeReplaysRequest): Promise<readonly ParkedLetter[]>;

  /** Marks the letter's event as served. May be repeated; does nothing for a letter that does not exist or is closed. */
  resolveReplay(ctx: Context, letter: LetterId): Promise<void>;

  /**
   * Closes a letter for good, and stores when and why; cancels a requested replay that has
   * not started. May be repeated: the first reason stays. Rejects with `not_found`, and with
   * `conflict` for a letter that is resolved, or that its consumer is processing right now.
   */
  closeLetter(ctx: Context, request: CloseRequest): Promise<ParkedLetter>;
}

/**
 * How long a letter belongs to the instance that took it for a replay, in milliseconds:
 * longer than all of a worker's attempts together. If that is too short after all, two
 * instances answer one event, which is harmless.
 */
export const REPLAY_LEASE_MS = 60_000;

/**
 * How often a letter is handed out for one request. An instance that crashes on an event
 * cannot say so; after this many times the letter counts as parked again.
 */
export const REPLAY_TAKES = 5;
