import type { ServerResponse } from 'node:http';
import type { CodedError } from '../../../errors.ts';
import { challengeOf } from '../callers/who-calls.ts';
import { JsonText } from '../json.ts';
import { type ProblemDocument, retryAfterSeconds } from '../problem.ts';
import type { HttpResponse } from '../route.ts';
import { safeHeaders } from '../safe-headers.ts';
import { Content } from './content.ts';

/**
 * Writes the whole answer.
 *
 * @param last closes the connection with it: otherwise it would stay for the next request, and keep `stop` waiting
 */
export function writeAnswer(
  res: ServerResponse,
  { status, headers, body }: HttpResponse,
  last: boolean,
): void {
  // Serialized first: a body that cannot be written must not leave half an answer.
  const text = body === undefined ? '' : body instanceof Content ? body.bytes : jsonOf(body);
  const type = body instanceof Content ? body.type : 'application/json; charset=utf-8';
  res.writeHead(status, {
    ...safeHeaders,
    ...(body !== undefined && { 'content-type': type }),
    // A 304 says nothing about the body that it stands for.
    ...(status !== 304 && { 'content-length': Buffer.byteLength(text) }),
    ...headers,
    ...(last && { connection: 'close' }),
  });
  res.end(text);
}

const jsonOf = (body: unknown): string =>
  body instanceof JsonText ? body.text : JSON.stringify(body);

/** The answer to what failed with `error`, as `document` describes it. */
export function problemAnswer(
  document: ProblemDocument,
  error: CodedError,
  more: Readonly<Record<string, string>> = {},
): HttpResponse {
  const wait = retryAfterSeconds(error);
  const challenge = challengeOf(error);
  return {
    status: document.status,
    headers: {
      'content-type': 'application/problem+json; charset=utf-8',
      ...(wait !== undefined && { 'retry-after': String(wait) }),
      ...(challenge !== undefined && { 'www-authenticate': challenge }),
      ...more,
    },
    body: document,
  };
}
