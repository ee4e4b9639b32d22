/** Refusals and failures as the OpenAPI document describes them. Pure. */

import { headers } from './openapi-headers.ts';
import { type JsonSchema, schemaRef } from './openapi-schemas.ts';

/** A response of the document. */
export type ResponseObject = Readonly<Record<string, unknown>>;

interface ProblemOptions {
  readonly description: string;
  /** All codes it can have; where they are not given, there may be more than are told of. */
  readonly codes?: readonly string[];
  readonly headers?: Readonly<Record<string, JsonSchema>>;
}

/** Answers with `status` and a problem document, of one of `codes`. */
export function problem(status: number, options: ProblemOptions): ResponseObject {
  const { description, codes } = options;
  const narrowed = {
    properties: { status: { const: status }, ...(codes && { code: { enum: codes } }) },
  };
  return {
    description: codes ? `${description} Code: ${codes.join(', ')}.` : description,
    headers: { ...headers.always, ...options.headers },
    content: {
      'application/problem+json': { schema: { allOf: [schemaRef('Problem'), narrowed] } },
    },
  };
}

const retryAfter = { 'retry-after': headers.retryAfter };

/** What can happen to every request, by its name among the components. */
export const commonProblems = {
  MalformedRequest: problem(400, {
    description:
      'What was sent is no HTTP request that can be read: its host, its address or its form is at fault.',
    codes: ['malformed_request'],
  }),
  RequestTimeout: problem(408, {
    description: 'The request did not arrive whole in time. The connection is closed.',
    codes: ['request_timeout'],
  }),
  TooLarge: problem(413, {
    description: 'The body is larger than is allowed, whether or not one is wanted.',
    codes: ['body_too_large'],
  }),
  ExpectationFailed: problem(417, {
    description: 'The header Expect asks for something else than 100-continue.',
    codes: ['expectation_failed'],
  }),
  RateLimited: problem(429, {
    description:
      'There are more requests of this kind at the moment than are taken; nothing was done.',
    codes: ['rate_limited'],
    headers: retryAfter,
  }),
  HeadersTooLarge: problem(431, {
    description:
      'Address and headers together are larger than is allowed. The connection is closed.',
    codes: ['headers_too_large'],
  }),
  Internal: problem(500, {
    description: 'A fault of ours. Nothing of the inside is told; the trace id finds it.',
  }),
  Unavailable: problem(503, {
    description:
      'Something that is needed for the answer is away or has too much to do (code event_store_away, eventstore_unavailable, database_unavailable, circuit_open and others). Whether something was done may be unknown: asking again with the same Idempotency-Key is safe.',
    headers: retryAfter,
  }),
  TimedOut: problem(504, {
    description:
      'There was no answer in time (code deadline_exceeded, database_timeout and others). Whether something was done is unknown: asking again with the same Idempotency-Key is safe.',
  }),
};

type Common = keyof typeof commonProblems;

const ref = (name: Common): ResponseObject => ({ $ref: `#/components/responses/${name}` });

/** What HTTP itself refuses, of whatever address. */
export const refusedByHttp: Readonly<Record<string, ResponseObject>> = {
  400: ref('MalformedRequest'),
  408: ref('RequestTimeout'),
  413: ref('TooLarge'),
  417: ref('ExpectationFailed'),
  431: ref('HeadersTooLarge'),
  500: ref('Internal'),
};

/** What every operation on orders can come to. */
export const refusedAlways: Readonly<Record<string, ResponseObject>> = {
  ...refusedByHttp,
  429: ref('RateLimited'),
  503: ref('Unavailable'),
  504: ref('TimedOut'),
};
