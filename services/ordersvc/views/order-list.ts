/** Which page of which orders is asked for, read from a query string. Pure. */
import { id, orderId as orderIdSchema, orderStatuses } from '../../../shared/contracts/http.ts';
import { CodedError } from '../../../shared/kit/errors.ts';
import { repeated } from './order-query.ts';

/**
 * The orders of a customer, of a restaurant or in a status (one of the three at
 * least is given, and what is given holds for all of them), the newest first,
 * from just after `after`.
 */
export interface OrderListQuery {
  readonly customerId?: string;
  readonly restaurantId?: string;
  readonly status?: (typeof orderStatuses)[number];
  /** Seconds that went by since an order was placed, at least. */
  readonly olderThan?: number;
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

/** The greatest age that can be asked for, in seconds: some thirty years. */
export const MAX_AGE = 1_000_000_000;

/** What a list may be asked by; each is given once. */
export const LIST_PARAMETERS = [
  'customer_id',
  'restaurant_id',
  'status',
  'older_than',
  'limit',
  'cursor',
] as const;

/**
 * Reads what LIST_PARAMETERS names. Throws CodedError `invalid` (code
 * `invalid_query`) with every problem.
 */
export function readOrderListQuery(query: URLSearchParams): OrderListQuery {
  const problems = repeated(query, ...LIST_PARAMETERS);
  // Of one field the first problem is enough.
  const say = (field: string, message: string) => {
    if (problems.every((problem) => problem.field !== field)) problems.push({ field, message });
  };
  /** The id under `field`; undefined where there is none, or none that is one. */
  const idOf = (field: string) => {
    const written = query.get(field);
    if (written === null) return undefined;
    const read = id.safeParse(written);
    for (const { message } of read.error?.issues ?? []) say(field, message);
    return read.data;
  };
  const wholeNumber = (field: string, least: number, most: number) => {
    const written = query.get(field);
    if (written === null) return undefined;
    const value = /^\d{1,10}$/.test(written) ? Number(written) : -1;
    if (value < least || value > most) {
      say(field, `must be a whole number from ${least} to ${most}`);
    }
    return value;
  };

  if (['customer_id', 'restaurant_id', 'status'].every((field) => !query.has(field))) {
    say('customer_id', 'is missing; or give restaurant_id or status');
  }
  const customerId = idOf('customer_id');
  const restaurantId = idOf('restaurant_id');

  const writtenStatus = query.get('status');
  const status = orderStatuses.find((known) => known === writtenStatus);
  if (writtenStatus !== null && status === undefined) {
    say('status', `must be one of ${orderStatuses.join(', ')}`);
  }

  const olderThan = wholeNumber('older_than', 0, MAX_AGE);
  const limit = wholeNumber('limit', 1, MAX_LIMIT) ?? DEFAULT_LIMIT;

  const cursor = query.get('cursor');
  const after = cursor === null ? undefined : decodeCursor(cursor);
  if (cursor !== null && after === undefined) {
    say('cursor', 'must be the next_cursor of a page before');
  }

  if (problems.length > 0) {
    throw new CodedError('invalid', 'invalid_query', 'The orders cannot be listed so.', {
      problems,
    });
  }
  return {
    ...(customerId !== undefined && { customerId }),
    ...(restaurantId !== undefined && { restaurantId }),
    ...(status !== undefined && { status }),
    ...(olderThan !== undefined && { olderThan }),
    limit,
    after,
  };
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
