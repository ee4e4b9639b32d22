/**
 * What the hooks of the JetStream transport see of a message. Separate from the
 * transport, so that tracing needs no broker and no client library.
 */

/** A message that was delivered to a durable consumer. */
export interface IncomingMessage {
  readonly subject: string;
  /** Its sequence in the stream, which is the event's position in the log. */
  readonly sequence: bigint;
  /** Name of the consumer that it was delivered to. */
  readonly durable: string;
  /** The header's first value; undefined if the message has no such header. */
  header(name: string): string | undefined;
}

/** A message that is about to be published. */
export interface OutgoingMessage {
  readonly subject: string;
  /** The header's first value; undefined if the message has no such header. */
  header(name: string): string | undefined;
  /** Sets the header, in place of any value that it had. */
  setHeader(name: string, value: string): void;
}
