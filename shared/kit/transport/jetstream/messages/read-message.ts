import { CodedError } from '../../../errors.ts';
import type { StreamMessage } from './pulled-message.ts';

/** What became of reading a message. */
export interface Reading<Body> {
  /** The message that is served: the one that came, or the one in its place. */
  readonly served: StreamMessage;
  readonly read: { readonly body: Body } | Undecodable;
}

/** Neither the message nor anything in its place can be read; the cause says why. */
export class Undecodable extends Error {
  constructor(cause: unknown) {
    super('A message could not be decoded.', { cause });
  }
}

/** How a message that came is judged; see the consumer's options of the same names. */
export interface Reader<Body> {
  decode(message: StreamMessage): Body;
  /** Of one that cannot be decoded. */
  recover(message: StreamMessage): Promise<StreamMessage | undefined>;
  /** Of one that can. */
  confirm(message: StreamMessage, body: Body): Promise<StreamMessage | undefined>;
}

/**
 * Decodes `message`; where that fails, or it is not what it says, the one that
 * stands in for it. Never rejects: what cannot be read is a result.
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
