/** A message as a worker's endpoint gets it: its body and what is known of its delivery. */
export interface Delivery<Body = unknown> {
  readonly body: Body;
  /** Identity of the message: the event's id. */
  readonly messageId: string;
  /** Its sequence in the stream, which is the event's position in the log. */
  readonly sequence: bigint;
  /** 1 for the first delivery. */
  readonly deliveries: number;
  /** No further delivery will come: what fails now must be parked. */
  readonly last: boolean;
  /**
   * The last delivery ended without an answer: its worker crashed on it, or could not
   * park it.
   */
  readonly overdue?: boolean;
  /**
   * It may have been answered before: delivered already, or older than this
   * subscription. Look into the log before causing an effect outside it.
   */
  readonly mayBeRepeat: boolean;
  /** W3C trace context that it came with; empty if none. */
  readonly traceparent: string;
}

/**
 * A message that a consumer gave up on, kept beside the log so that it
 * survives the broker. The event itself is in the log, at `position`.
 */
export interface DeadLetter {
  readonly consumer: string;
  readonly position: bigint;
  readonly eventId: string;
  /** Code of the last error. */
  readonly reason: string;
  /** Message of the last error. */
  readonly lastError: string;
  readonly deliveries: number;
  readonly traceparent: string;
}
