/** What the kit itself refuses, as an operation tells of it. Pure. */
import { problem } from './bodies.ts';
import type { Answer, Header } from './operation.ts';

/** Of an answer that says when to ask again. */
export const retryAfter: Header = {
  description: 'Seconds after which asking again makes sense.',
  required: true,
  schema: { type: 'integer', minimum: 1 },
};

/** By the names that they have among a document's components. */
export const kitRefusals = {
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
    headers: { 'retry-after': retryAfter },
  }),
  HeadersTooLarge: problem(431, {
    description:
      'Address and headers together are larger than is allowed. The connection is closed.',
    codes: ['headers_too_large'],
  }),
  Internal: problem(500, {
    description: 'A fault of ours. Nothing of the inside is told; the trace id finds it.',
  }),
} as const;

/** Of a body or a parameter that cannot be taken. `invalid_query` is added: no route takes a parameter that it does not name. */
export const invalid = (description: string, ...codes: readonly string[]) => ({
  422: problem(422, { description, codes: [...codes, 'invalid_query'] }),
});

/** Of every route. */
export const refusedAlways: Readonly<Record<number, Answer>> = {
  400: kitRefusals.MalformedRequest,
  408: kitRefusals.RequestTimeout,
  413: kitRefusals.TooLarge,
  417: kitRefusals.ExpectationFailed,
  ...invalid('There is an unknown parameter.'),
  431: kitRefusals.HeadersTooLarge,
  500: kitRefusals.Internal,
};

const accept: Header = {
  description: 'The media type that is read. Sent where the media type of the body is refused.',
  schema: { const: 'application/json' },
};

/** Of every route that reads a body. */
export const unreadableBody: Readonly<Record<number, Answer>> = {
  400: problem(400, {
    description:
      'The body is missing, is no JSON in UTF-8 or has a name twice in one object, or the request is none of HTTP.',
    codes: ['malformed_json', 'malformed_request'],
  }),
  415: problem(415, {
    description: 'The body is not said to be JSON in UTF-8, without Content-Encoding.',
    codes: ['unsupported_media_type'],
    headers: {
      accept,
      'accept-post': accept,
      'accept-encoding': {
        description: 'No encoding is read. Sent where the body has a Content-Encoding.',
        schema: { const: 'identity' },
      },
    },
  }),
};
