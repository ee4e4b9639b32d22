/** Headers as the OpenAPI document describes them. Pure. */
import { idempotencyKey, MAX_KEY, orderId } from '../../../shared/contracts/http.ts';
import { MAX_VERSION } from '../views/order-query.ts';
import { type JsonSchema, schemaOf } from './openapi-schemas.ts';

const TAG = { type: 'string', pattern: '^"\\d+"$' };

/** Headers of answers. */
export const headers = {
  /** Of every answer. */
  always: {
    'x-trace-id': {
      description: 'The trace of the request, to be found in Zipkin.',
      required: true,
      schema: { type: 'string', pattern: '^[0-9a-f]{32}$' },
    },
  },
  etag: {
    description: "The order's version, in quotes.",
    required: true,
    schema: TAG,
    example: '"3"',
  },
  cacheControl: {
    description: 'Only who asked may keep the answer, and asks again before it is shown again.',
    required: true,
    schema: { const: 'private, no-cache' },
  },
  accept: {
    description: 'The media type that is read. Sent where the media type of the body is refused.',
    schema: { const: 'application/json' },
  },
  acceptEncoding: {
    description: 'No encoding is read. Sent where the body has a Content-Encoding.',
    schema: { const: 'identity' },
  },
  location: {
    description: 'Where the order is from now on.',
    required: true,
    schema: { type: 'string', format: 'uri-reference' },
    example: '/api/orders/018f3f6e-6f0a-7c3e-9d7e-2f1c8f0a5b11',
  },
  stale: {
    description: 'There where the log could not be asked: the order may have moved on since.',
    schema: { const: 'true' },
  },
  retryAfter: {
    description: 'Seconds after which asking again makes sense.',
    required: true,
    schema: { type: 'integer', minimum: 1 },
  },
} as const;

/** Parameters, by their names among the components. */
export const parameters = {
  orderId: {
    name: 'id',
    in: 'path',
    required: true,
    description: "The order's id. What can be no id is answered like an order that is not there.",
    schema: schemaOf(orderId),
    example: '018f3f6e-6f0a-7c3e-9d7e-2f1c8f0a5b11',
  },
  traceparent: {
    name: 'traceparent',
    in: 'header',
    description:
      'The trace of the caller, which is continued (W3C Trace Context). Where it is malformed a new trace is begun.',
    schema: { type: 'string' },
    example: '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01',
  },
  ifMatch: {
    name: 'If-Match',
    in: 'header',
    description:
      'ETags, one of which the order must have, or `*` for any. Otherwise nothing is done (412). They are compared as RFC 9110 has it for this header: a weak one never matches.',
    schema: { type: 'string' },
    example: '"3"',
  },
  ifNoneMatch: {
    name: 'If-None-Match',
    in: 'header',
    description: 'ETags that the caller has the answer for, or `*`. What is none is not looked at.',
    schema: { type: 'string' },
    example: '"3"',
  },
  minVersion: {
    name: 'min_version',
    in: 'query',
    description:
      'The least version that will do, as an ETag or a body told it: a write by way of another instance is then seen.',
    schema: { type: 'integer', minimum: 1, maximum: Number(MAX_VERSION) },
    example: 1,
  },
  idempotencyKey: {
    name: 'Idempotency-Key',
    in: 'header',
    description: `1 to ${MAX_KEY} printable characters of the client's choice, not all blank. Requests of one customer with the same key are one order: asked again, the first answer is given again.`,
    schema: schemaOf(idempotencyKey),
    example: 'a6b1f7b0-basket-17',
  },
} as const satisfies Readonly<Record<string, JsonSchema>>;

/** A reference to one of `parameters`. */
export const parameterRef = (name: keyof typeof parameters): JsonSchema => ({
  $ref: `#/components/parameters/${name}`,
});
