/** A message as a worker's endpoint gets it: its body and the facts of its delivery. */
export interface Delivery<Body = unknown> {
  readonly body: Body;
  /** Identity of the message: the event's id. */
  readonly messageId: string;
  /** Its sequence in the stream, which is the event's position in the log. */
  readonly sequence: bigint;
  /** The subject of the broker's message, which need not be genuine; undefined if there was none. */
  readonly subject?: string;
  /** 1 for the first delivery. */
  readonly deliveries: number;
  /** No further delivery follows: if this one fails, the message must be parked. */
  readonly last: boolean;
  /** The last delivery ended without an answer: the worker crashed on it or could not park it. */
  readonly overdue?: boolean;
  /**
   * The message may have been answered before: it was delivered already, or it is older
   * than this subscription. Check the log before causing an effect outside it.
   */
  readonly mayBeRepeat: boolean;
  /** The message's W3C trace context; empty if it has none. */
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
