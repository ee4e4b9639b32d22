import { CodedError } from '../../../errors.ts';
import type { StreamMessage } from './pulled-message.ts';

/** The result of reading a message. */
export interface Reading<Body> {
  /** The message to serve: the one that came, or its replacement. */
  readonly served: StreamMessage;
  readonly read: { readonly body: Body } | Undecodable;
}

/** Neither the message nor a replacement can be read; the cause says why. */
export class Undecodable extends Error {
  constructor(cause: unknown) {
    super('A message could not be decoded.', { cause });
  }
}

/** How a message that came is judged; see the consumer's options of the same names. */
export interface Reader<Body> {
  decode(message: StreamMessage): Body;
  /** For a message that cannot be decoded. */
  recover(message: StreamMessage): Promise<StreamMessage | undefined>;
  /** For one that can. */
  confirm(message: StreamMessage, body: Body): Promise<StreamMessage | undefined>;
}

/**
 * Decodes `message`, or its replacement if that fails or the message is not genuine.
 * Never rejects: an unreadable message is a result.
 */
export async function readMessage<Body>(
  message: StreamMessage,
  { decode, recover, confirm }: Reader<Body>,
): Promise<Reading<Body>> {
  const read = attempt(message, decode);
  try {
    const found =
      read instanceof Undecodable ? await recover(message) : await confirm(message, read.body);
    if (found === message) return { served: message, read };
    if (found !== undefined) return { served: found, read: attempt(found, decode) };
    return { served: message, read: read instanceof Undecodable ? read : unconfirmed(message) };
  } catch (error) {
    return { served: message, read: new Undecodable(error) };
  }
}

const unconfirmed = ({ sequence, subject }: StreamMessage) =>
  new Undecodable(
    new CodedError(
      'invalid',
      'foreign_message',
      `Message ${sequence} on ${subject} differs from the log: the event store did not publish it, or the log lost its event.`,
    ),
  );

function attempt<Body>(message: StreamMessage, decode: (message: StreamMessage) => Body) {
  try {
    return { body: decode(message) };
  } catch (cause) {
    return new Undecodable(cause);
  }
}
