/** Descriptions that several operations share. Pure. */
import { rejectOrderBody } from '../../../shared/contracts/http.ts';
import { answer, exampleOf, problem } from '../../../shared/kit/transport/http/openapi/bodies.ts';
import type {
  Answer,
  Header,
  Link,
  Parameter,
} from '../../../shared/kit/transport/http/openapi/operation.ts';
import { kitRefusals, retryAfter } from '../../../shared/kit/transport/http/openapi/refusals.ts';

/** The Zipkin hook reads it. */
export const traceparent: Parameter = {
  name: 'traceparent',
  in: 'header',
  description:
    "The caller's trace, which is continued (W3C Trace Context). If it is malformed, a new trace starts.",
  schema: { type: 'string' },
  example: '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01',
};

/** Headers of an answer that shows an order at a version. */
export const versionedHeaders: Readonly<Record<string, Header>> = {
  etag: {
    description: "The order's version, in quotes.",
    required: true,
    schema: { type: 'string', pattern: '^"\\d+"$' },
    example: '"3"',
  },
  'cache-control': {
    description: 'Only the caller may cache the answer, and must revalidate it.',
    required: true,
    schema: { const: 'private, no-cache' },
  },
};

/** Header of an answer that may be older than the log. */
export const staleHeader: Readonly<Record<string, Header>> = {
  'x-stale': {
    description: 'Present if the log could not be read: the order may have changed since.',
    schema: { const: 'true' },
  },
};

/** Keyed by their names among the document's components. */
export const orderRefusals = {
  Unauthenticated: problem(401, {
    description:
      'There is no token where one is needed, or it does not count. On loopback none is needed.',
    codes: ['token_missing', 'token_expired', 'token_invalid'],
    headers: {
      'www-authenticate': {
        description: 'How to say who you are (RFC 6750).',
        required: true,
        schema: { type: 'string', pattern: '^Bearer' },
      },
    },
  }),
  NotAllowed: problem(403, {
    description:
      'What the token says does not allow this, or the request names somebody else. Or a web page of another origin sent the request, which a service on loopback refuses.',
    codes: ['not_allowed', 'foreign_origin'],
  }),
  Unavailable: problem(503, {
    description:
      'A required service is away or overloaded (code event_store_away, eventstore_unavailable, database_unavailable, keys_unavailable, circuit_open and others). The request may have taken effect; it is safe to repeat it with the same Idempotency-Key.',
    headers: { 'retry-after': retryAfter },
  }),
  TimedOut: problem(504, {
    description:
      'There was no answer in time (code deadline_exceeded, database_timeout and others). The request may have taken effect; it is safe to repeat it with the same Idempotency-Key.',
  }),
} as const;

/** Any operation on orders may be refused for who asks, be rate-limited, be refused by an open circuit, or time out. */
export const refusedUnderLoad: Readonly<Record<number, Answer>> = {
  401: orderRefusals.Unauthenticated,
  403: orderRefusals.NotAllowed,
  429: kitRefusals.RateLimited,
  503: orderRefusals.Unavailable,
  504: orderRefusals.TimedOut,
};

export const notFound: Readonly<Record<number, Answer>> = {
  404: problem(404, {
    description: "There is no such order, or it is somebody else's.",
    codes: ['order_not_found'],
  }),
};

export const notModified: Readonly<Record<number, Answer>> = {
  304: answer({
    description: 'The caller already has this version, by its `If-None-Match`.',
    headers: { ...versionedHeaders, ...staleHeader },
  }),
};

/** Links to further operations on the order that `expression` names. */
export function linksToOrder(expression: string) {
  const link = (operationId: string, description: string): Link => ({
    operationId,
    description,
    parameters: { id: expression },
  });
  return {
    get: link('getOrder', 'The order as it is now.'),
    events: link('getOrderEvents', 'What happened to it.'),
    cancel: link('cancelOrder', 'Cancels it.'),
    approve: link('approveOrder', 'Takes it.'),
    reject: { ...link('rejectOrder', 'Turns it down.'), requestBody: exampleOf(rejectOrderBody) },
  };
}
