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

/**
 * Decodes `message`; where that fails, the one that `recover` finds for its place.
 * Never rejects: what cannot be read is a result.
 */
export async function readMessage<Body>(
  message: StreamMessage,
  decode: (message: StreamMessage) => Body,
  recover: () => Promise<StreamMessage | undefined>,
): Promise<Reading<Body>> {
  const read = attempt(message, decode);
  if (!(read instanceof Undecodable)) return { served: message, read };
  try {
    const found = await recover();
    if (found === undefined) return { served: message, read };
    return { served: found, read: attempt(found, decode) };
  } catch (error) {
    return { served: message, read: new Undecodable(error) };
  }
}

function attempt<Body>(message: StreamMessage, decode: (message: StreamMessage) => Body) {
  try {
    return { body: decode(message) };
  } catch (cause) {
    return new Undecodable(cause);
  }
}
