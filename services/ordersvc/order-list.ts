/** Which page of whose orders is asked for, read from a query string. Pure. */
import { id, orderId as orderIdSchema } from '../../shared/contracts/http.ts';
import { CodedError } from '../../shared/kit/errors.ts';
import { repeated } from './order-query.ts';

/** A customer's orders, the newest first, from just after `after`. */
export interface OrderListQuery {
  readonly customerId: string;
  readonly limit: number;
  /** Undefined for the first page. */
  readonly after: PageEnd | undefined;
}

/**
 * The last order of a page: when it was created, in microseconds since the
 * epoch as the database counts them, and its id, because two can be created at
 * once. An order never changes its place, so paging neither skips nor repeats.
 */
export interface PageEnd {
  readonly createdMicros: bigint;
  readonly orderId: string;
}

/** Orders of a page unless `limit` says otherwise, and the most it may say. */
export const DEFAULT_LIMIT = 20;
export const MAX_LIMIT = 100;

/**
 * Reads `customer_id`, `limit` and `cursor`. Throws CodedError `invalid` (code
 * `invalid_query`) with every problem.
 */
export function readOrderListQuery(query: URLSearchParams): OrderListQuery {
  const problems = repeated(query, 'customer_id', 'limit', 'cursor');
  // Of one field the first problem is enough.
  const say = (field: string, message: string) => {
    if (problems.every((problem) => problem.field !== field)) problems.push({ field, message });
  };
  const customer = id.safeParse(query.get('customer_id') ?? undefined);
  for (const { message } of customer.error?.issues ?? []) {
    say('customer_id', message);
  }

  const written = query.get('limit') ?? String(DEFAULT_LIMIT);
  const limit = /^\d{1,3}$/.test(written) ? Number(written) : 0;
  if (limit < 1 || limit > MAX_LIMIT) {
    say('limit', `must be a whole number from 1 to ${MAX_LIMIT}`);
  }

  const cursor = query.get('cursor');
  const after = cursor === null ? undefined : decodeCursor(cursor);
  if (cursor !== null && after === undefined) {
    say('cursor', 'must be the next_cursor of a page before');
  }

  if (!customer.success || problems.length > 0) {
    throw new CodedError('invalid', 'invalid_query', 'The orders cannot be listed so.', {
      problems,
    });
  }
  return { customerId: customer.data, limit, after };
}

/** The cursor that continues after `end`: opaque to clients, and safe in an address. */
export function encodeCursor({ createdMicros, orderId }: PageEnd): string {
  return Buffer.from(`${createdMicros} ${orderId}`).toString('base64url');
}

function decodeCursor(cursor: string): PageEnd | undefined {
  const text = Buffer.from(cursor, 'base64url').toString();
  // Sixteen digits of microseconds last until the year 2286.
  const [, micros, rest] = /^(\d{1,16}) (.*)$/su.exec(text) ?? [];
  const orderId = orderIdSchema.safeParse(rest);
  if (micros === undefined || !orderId.success) return undefined;
  return { createdMicros: BigInt(micros), orderId: orderId.data };
}
