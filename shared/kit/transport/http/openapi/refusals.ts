/** The kit's own refusals, as operations describe them. Pure. */
import { problem } from './bodies.ts';
import type { Answer, Header } from './operation.ts';

/** For an answer that says when to retry. */
export const retryAfter: Header = {
  description: 'Seconds to wait before the next attempt.',
  required: true,
  schema: { type: 'integer', minimum: 1 },
};

/** By their names among a document's components. */
export const kitRefusals = {
  MalformedRequest: problem(400, {
    description: 'The HTTP request cannot be read: its host, address or form is invalid.',
    codes: ['malformed_request'],
  }),
  Forbidden: problem(403, {
    description:
      'A web page of another origin sent the request, which a service on loopback refuses.',
    codes: ['foreign_origin'],
  }),
  RequestTimeout: problem(408, {
    description: 'The request did not arrive completely in time. The connection is closed.',
    codes: ['request_timeout'],
  }),
  TooLarge: problem(413, {
    description: 'The body is too large, whether or not one is needed.',
    codes: ['body_too_large'],
  }),
  ExpectationFailed: problem(417, {
    description: 'The header Expect asks for something other than 100-continue.',
    codes: ['expectation_failed'],
  }),
  Misdirected: problem(421, {
    description: 'The request names another host than this service, which listens on loopback.',
    codes: ['misdirected_request'],
  }),
  RateLimited: problem(429, {
    description: 'Too many requests of this kind; nothing was done.',
    codes: ['rate_limited', 'too_many_waiting'],
    headers: { 'retry-after': retryAfter },
  }),
  HeadersTooLarge: problem(431, {
    description: 'Address and headers together are too large. The connection is closed.',
    codes: ['headers_too_large'],
  }),
  Internal: problem(500, {
    description: 'A bug of ours. Report the trace id.',
  }),
} as const;

/** For a body or a parameter that cannot be accepted. `invalid_query` is added: no route takes a parameter that it does not name. */
export const invalid = (description: string, ...codes: readonly string[]) => ({
  422: problem(422, { description, codes: [...codes, 'invalid_query'] }),
});

/** For every route. */
export const refusedAlways: Readonly<Record<number, Answer>> = {
  400: kitRefusals.MalformedRequest,
  403: kitRefusals.Forbidden,
  408: kitRefusals.RequestTimeout,
  413: kitRefusals.TooLarge,
  417: kitRefusals.ExpectationFailed,
  ...invalid('There is an unknown parameter.'),
  421: kitRefusals.Misdirected,
  431: kitRefusals.HeadersTooLarge,
  500: kitRefusals.Internal,
};

const accept: Header = {
  description: "The accepted media type. Sent if the body's media type is refused.",
  schema: { const: 'application/json' },
};

/** For every route that reads a body. */
export const unreadableBody: Readonly<Record<number, Answer>> = {
  400: problem(400, {
    description:
      'The body is missing, is not JSON in UTF-8, or has one name twice in an object; or the HTTP request cannot be read.',
    codes: ['malformed_json', 'malformed_request'],
  }),
  415: problem(415, {
    description: 'The body is not declared as JSON in UTF-8 without Content-Encoding.',
    codes: ['unsupported_media_type'],
    headers: {
      accept,
      'accept-post': accept,
      'accept-encoding': {
        description: 'No encoding is accepted. Sent if the body has a Content-Encoding.',
        schema: { const: 'identity' },
      },
    },
  }),
};
