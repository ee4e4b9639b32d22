/** Which order is asked for, read from an address. Pure. */
import { orderId as orderIdSchema } from '../../../shared/contracts/http.ts';
import { CodedError, type Problem } from '../../../shared/kit/errors.ts';
import { versionsMatched } from '../../../shared/kit/transport/http/etag.ts';
import type { HttpRequest } from '../../../shared/kit/transport/http/http-server.ts';
import type { Versions } from './order-version.ts';

/** Names one order. */
export interface OrderId {
  readonly orderId: string;
}

/** Asks for an order as it was read or written before, or newer. */
export interface OrderQuery extends OrderId {
  /** The oldest version that will do. Default: any. */
  readonly minVersion?: bigint;
  /** The only versions that will do. Default: any. */
  readonly ifMatch?: Versions;
}

/** Names an order that is to be decided about. */
export interface OrderToDecide extends OrderId {
  /** The versions at which it may be decided. Default: any. */
  readonly ifMatch?: Versions;
}

/** The last version that can be asked for: the last that an answer can tell, which tells it as a JSON number. */
export const MAX_VERSION = BigInt(Number.MAX_SAFE_INTEGER);

/** The order that an address names. Throws CodedError `not_found` (code `order_not_found`): what can be no id is not looked for. */
export function readOrderId({ params }: Pick<HttpRequest, 'params'>): OrderId {
  const read = orderIdSchema.safeParse(params.id);
  if (!read.success)
    throw new CodedError('not_found', 'order_not_found', 'There is no such order.');
  return { orderId: read.data };
}

/** The order that is to be decided about, and its `If-Match`. Throws as `readOrderId`. */
export function readOrderToDecide(http: Pick<HttpRequest, 'params' | 'headers'>): OrderToDecide {
  return { ...readOrderId(http), ifMatch: versionsMatched(http) };
}

/** An order, its `min_version` and its `If-Match`. Throws as `readOrderId`, and CodedError `invalid` (code `invalid_query`). */
export function readOrderQuery(
  http: Pick<HttpRequest, 'params' | 'query' | 'headers'>,
): OrderQuery {
  const written = http.query.getAll('min_version');
  const minVersion = written.length === 0 ? 0n : positive(written);
  if (minVersion === undefined) {
    throw new CodedError('invalid', 'invalid_query', 'The order cannot be read so.', {
      problems: [
        { field: 'min_version', message: `must be one whole number from 1 to ${MAX_VERSION}` },
      ],
    });
  }
  return { ...readOrderId(http), minVersion, ifMatch: versionsMatched(http) };
}

/** The fields that a query names more than once, though each means one thing. */
export function repeated(query: URLSearchParams, ...fields: readonly string[]): Problem[] {
  return fields
    .filter((field) => query.getAll(field).length > 1)
    .map((field) => ({ field, message: 'must be given once' }));
}

function positive([text = '', ...more]: readonly string[]): bigint | undefined {
  if (more.length > 0 || !/^\d{1,16}$/.test(text)) return undefined;
  const value = BigInt(text);
  return value >= 1n && value <= MAX_VERSION ? value : undefined;
}
