import type { ParkedLetter } from '../eventstore/dead-letters.ts';

/** A dead letter in the form of `--json`. */
export interface LetterAnswer {
  readonly consumer: string;
  readonly position: number;
  readonly event_id: string;
  readonly state: ParkedLetter['state'];
  readonly reason: string;
  readonly last_error: string;
  readonly deliveries: number;
  readonly replays: number;
  readonly parked_at: string;
  readonly replay_requested_at?: string;
  readonly resolved_at?: string;
  readonly closed_at?: string;
  /** Why it was closed. */
  readonly close_reason?: string;
  readonly traceparent: string;
}

export function letterAnswer(letter: ParkedLetter): LetterAnswer {
  return {
    consumer: letter.consumer,
    position: Number(letter.position),
    event_id: letter.eventId,
    state: letter.state,
    reason: letter.reason,
    // Older releases stored some in several lines.
    last_error: letter.lastError.replace(/\s*\n\s*/g, ' '),
    deliveries: letter.deliveries,
    replays: letter.replays,
    parked_at: letter.parkedAt.toISOString(),
    ...(letter.replayRequestedAt && {
      replay_requested_at: letter.replayRequestedAt.toISOString(),
    }),
    ...(letter.resolvedAt && { resolved_at: letter.resolvedAt.toISOString() }),
    ...(letter.closedAt && {
      closed_at: letter.closedAt.toISOString(),
      close_reason: letter.closeReason,
    }),
    traceparent: letter.traceparent,
  };
}
