import type { IncomingHttpHeaders, IncomingMessage } from 'node:http';
import { CodedError } from '../../errors.ts';
import type { ByteBudget } from '../byte-budget.ts';
import { parseJson } from './json.ts';

/**
 * Reads the whole body. Throws CodedError `too_large` (code `body_too_large`) beyond
 * `limit` bytes, at once if the length is announced; `overloaded` (code
 * `too_many_bodies`) if `budget` has no room; and `cancelled` if the caller leaves. The
 * bytes returned are taken from `budget`; the caller gives them back. `wanted` is called
 * before the first byte is read, if any is. Node discards what is left unread after the
 * answer, so a caller that still sends can read it.
 */
export async function readBody(
  request: IncomingMessage,
  limit: number,
  budget: ByteBudget,
  wanted: () => void = () => undefined,
): Promise<Buffer> {
  if (Number(request.headers['content-length'] ?? 0) > limit) throw tooLarge(limit);
  wanted();
  const chunks: Buffer[] = [];
  let size = 0;
  return new Promise((resolve, reject) => {
    const unlisten = () =>
      request.off('data', onData).off('end', onEnd).off('error', onError).off('close', onError);
    const fail = (error: CodedError) => {
      unlisten();
      budget.give(size);
      reject(error);
    };
    const onData = (chunk: Buffer) => {
      if (size + chunk.length > limit) return fail(tooLarge(limit));
      if (!budget.take(chunk.length)) return fail(tooMany());
      size += chunk.length;
      chunks.push(chunk);
    };
    const onEnd = () => {
      unlisten();
      resolve(Buffer.concat(chunks, size));
    };
    const onError = (cause?: Error) =>
      fail(new CodedError('cancelled', 'cancelled', 'The caller disconnected.', { cause }));
    request.on('data', onData).on('end', onEnd).on('error', onError).on('close', onError);
  });
}

function tooLarge(limit: number): CodedError {
  const message = `The body is larger than the ${limit} bytes that are allowed.`;
  return new CodedError('too_large', 'body_too_large', message);
}

function tooMany(): CodedError {
  return new CodedError(
    'overloaded',
    'too_many_bodies',
    'Too much data is arriving at once. Nothing was done; try again later.',
  );
}

const utf8 = new TextDecoder('utf-8', { fatal: true });

/** A body of an unsupported type: why, as its cause, and the headers that say what is supported (RFC 9110, 15.5.16). */
export class UnsupportedBody extends Error {
  readonly accepted: Readonly<Record<string, string>>;

  constructor(message: string, accepted: Readonly<Record<string, string>>) {
    super(message, {
      cause: new CodedError('unsupported_media_type', 'unsupported_media_type', message),
    });
    this.accepted = accepted;
  }
}

const TYPE = 'application/json';

/**
 * A JSON body, every number as it was written. Throws UnsupportedBody if the headers
 * announce anything but JSON in UTF-8, and CodedError `malformed` (code `malformed_json`)
 * if the bytes are not JSON, or there are none.
 */
export function jsonBody(headers: IncomingHttpHeaders, bytes: Buffer): unknown {
  if (bytes.length === 0) {
    throw new CodedError('malformed', 'malformed_json', 'The body is missing; send JSON.');
  }
  const [type = '', ...parameters] = (headers['content-type'] ?? '').toLowerCase().split(';');
  if (!/^application\/([a-z0-9!#$&^_.-]+\+)?json$/.test(type.trim())) {
    throw otherType(`Send JSON with Content-Type: ${TYPE}.`);
  }
  const charset = parameters.map((text) => /^\s*charset="?([^"]*)"?\s*$/.exec(text)?.[1]);
  if (charset.some((name) => name !== undefined && name !== 'utf-8' && name !== 'utf8')) {
    throw otherType('Send JSON in UTF-8.');
  }
  if ((headers['content-encoding'] ?? 'identity').toLowerCase() !== 'identity') {
    throw new UnsupportedBody('Send the body as it is, without Content-Encoding.', {
      'accept-encoding': 'identity',
    });
  }
  let text: string;
  try {
    text = utf8.decode(bytes);
  } catch (cause) {
    throw new CodedError('malformed', 'malformed_json', 'The body is not UTF-8.', { cause });
  }
  return parseJson(text);
}

/** Only POST has bodies, so the answer says what POST accepts as well as what is wrong here. */
function otherType(message: string): UnsupportedBody {
  return new UnsupportedBody(message, { accept: TYPE, 'accept-post': TYPE });
}
