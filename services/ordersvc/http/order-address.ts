/** Reads the order's address and headers: the parameters, and how each is read. Pure. */
import { orderId as orderIdSchema } from '../../../shared/contracts/http.ts';
import { CodedError } from '../../../shared/kit/errors.ts';
import { versionsMatched } from '../../../shared/kit/transport/http/etag.ts';
import type { Parameter } from '../../../shared/kit/transport/http/openapi/operation.ts';
import type { HttpRequest } from '../../../shared/kit/transport/http/route.ts';
import type { OrderId, OrderQuery, OrderToDecide } from '../views/order-query.ts';

/** Path of all orders. */
export const ORDERS = '/api/orders';
/** Path of one order. */
export const ORDER = `${ORDERS}/:id`;

/** The highest version that can be asked for: answers give versions as JSON numbers. */
export const MAX_VERSION = BigInt(Number.MAX_SAFE_INTEGER);

export const orderId: Parameter = {
  name: 'id',
  in: 'path',
  required: true,
  description: "The order's id. A malformed id is answered like an unknown order.",
  schema: orderIdSchema,
  example: '018f3f6e-6f0a-7c3e-9d7e-2f1c8f0a5b11',
};

/** `versionsMatched` reads it. */
export const ifMatch: Parameter = {
  name: 'If-Match',
  in: 'header',
  description:
    'ETags, one of which the order must have, or `*` for any. Otherwise nothing is done (412). Compared as RFC 9110 says: a weak tag never matches.',
  schema: { type: 'string' },
  example: '"3"',
};

/** `versioned` reads it. */
export const ifNoneMatch: Parameter = {
  name: 'If-None-Match',
  in: 'header',
  description: 'ETags that the caller already has, or `*`. An invalid value is ignored.',
  schema: { type: 'string' },
  example: '"3"',
};

export const minVersion: Parameter = {
  name: 'min_version',
  in: 'query',
  description:
    'The minimum version, from an ETag or a body, so that you see a write through another instance.',
  schema: { type: 'integer', minimum: 1, maximum: Number(MAX_VERSION) },
  example: 1,
};

/** The order in the address. Throws CodedError `not_found` (code `order_not_found`) without a look-up for a text that cannot be an id. */
export function readOrderId({ params }: Pick<HttpRequest, 'params'>): OrderId {
  const read = orderIdSchema.safeParse(params.id);
  if (!read.success)
    throw new CodedError('not_found', 'order_not_found', 'There is no such order.');
  return { orderId: read.data };
}

/** The order to decide about, and `If-Match`. Throws as `readOrderId`. */
export function readOrderToDecide(http: Pick<HttpRequest, 'params' | 'headers'>): OrderToDecide {
  return { ...readOrderId(http), ifMatch: versionsMatched(http) };
}

/** An order, `min_version` and `If-Match`. Throws as `readOrderId`, and CodedError `invalid` (code `invalid_query`). */
export function readOrderQuery(
  http: Pick<HttpRequest, 'params' | 'query' | 'headers'>,
): OrderQuery {
  const written = http.query.getAll(minVersion.name);
  const version = written.length === 0 ? 0n : positive(written);
  if (version === undefined) {
    throw new CodedError('invalid', 'invalid_query', 'The parameters are not valid.', {
      problems: [
        { field: minVersion.name, message: `must be one whole number from 1 to ${MAX_VERSION}` },
      ],
    });
  }
  return { ...readOrderId(http), minVersion: version, ifMatch: versionsMatched(http) };
}

function positive([text = '', ...more]: readonly string[]): bigint | undefined {
  if (more.length > 0 || !/^\d{1,16}$/.test(text)) return undefined;
  const value = BigInt(text);
  return value >= 1n && value <= MAX_VERSION ? value : undefined;
}
