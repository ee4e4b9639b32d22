/** Reads the query string of a list of orders: its parameters, and how each is read. Pure. */
import { minorLimit } from '../../../shared/contracts/amount-limit.ts';
import { id, orderId as orderIdSchema, orderStatuses } from '../../../shared/contracts/http.ts';
import { CodedError, type Problem } from '../../../shared/kit/errors.ts';
import type { Parameter } from '../../../shared/kit/transport/http/openapi/operation.ts';
import { type Minor, minorFromDecimal } from '../../../shared/money/money.ts';
import {
  DEFAULT_LIMIT,
  MAX_AGE,
  MAX_LIMIT,
  type OrderListQuery,
  type PageEnd,
} from '../views/order-list.ts';

/** Of any currency; whatever it says is a bound, also one that no amount can reach. */
const AMOUNT = /^\d{1,13}(\.\d{1,4})?$/;
const amountSchema = { type: 'string', pattern: AMOUNT.source } as const;

/** Parameters of a list; each may be given once. */
export const listParameters: readonly Parameter[] = [
  {
    name: 'customer_id',
    in: 'query',
    description: 'Who ordered.',
    schema: id,
    example: 'c1',
  },
  {
    name: 'restaurant_id',
    in: 'query',
    description: 'Where it was ordered.',
    schema: id,
    example: 'r1',
  },
  {
    name: 'status',
    in: 'query',
    description: 'Where the order stands.',
    schema: { enum: orderStatuses },
    example: 'Paid',
  },
  {
    name: 'older_than',
    in: 'query',
    description: 'Only orders placed at least this many seconds ago.',
    schema: { type: 'integer', minimum: 0, maximum: MAX_AGE },
    example: 600,
  },
  {
    name: 'min_amount',
    in: 'query',
    description: 'Only orders of at least this amount, in major units of the currency.',
    schema: amountSchema,
    example: '10.00',
  },
  {
    name: 'max_amount',
    in: 'query',
    description: 'Only orders of at most this amount, in major units of the currency.',
    schema: amountSchema,
    example: '99.95',
  },
  {
    name: 'open',
    in: 'query',
    description: 'Only orders that have not ended: Pending and Paid.',
    schema: { enum: ['true'] },
    example: 'true',
  },
  {
    name: 'overdue',
    in: 'query',
    description: 'Only orders that have waited for their payment or their review too long.',
    schema: { enum: ['true'] },
    example: 'true',
  },
  {
    name: 'limit',
    in: 'query',
    description: 'How many orders at most.',
    schema: { type: 'integer', minimum: 1, maximum: MAX_LIMIT, default: DEFAULT_LIMIT },
  },
  {
    name: 'cursor',
    in: 'query',
    description: 'The `next_cursor` of the previous page; no other value is valid.',
    schema: { type: 'string', format: 'order-list-cursor' },
  },
];

/**
 * Reads listParameters, amounts with this many decimals. Throws CodedError `invalid` (code
 * `invalid_query`) with every problem.
 */
export function readOrderListQuery(query: URLSearchParams, decimals: number): OrderListQuery {
  const problems = repeated(query);
  // The first problem of a field is enough.
  const say = (field: string, message: string) => {
    if (problems.every((problem) => problem.field !== field)) problems.push({ field, message });
  };
  /** The id in `field`; undefined if it is missing or not an id. */
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

  /** Between two amounts, the one that lets the same orders through: above for the least. */
  const amount = (field: string, rounded: 'up' | 'down') => {
    const written = query.get(field);
    if (written === null) return undefined;
    if (!AMOUNT.test(written)) {
      say(field, 'must be an amount in major units, such as 10 or 99.95');
      return undefined;
    }
    const cut = minorLimit(written, decimals);
    const exact = minorFromDecimal(written, decimals) !== undefined;
    return rounded === 'up' && !exact ? ((cut + 1) as Minor) : cut;
  };
  const given = (field: string) => {
    const written = query.get(field);
    if (written !== null && written !== 'true') say(field, 'must be true, or left out');
    return written !== null;
  };

  const customerId = idOf('customer_id');
  const restaurantId = idOf('restaurant_id');

  const writtenStatus = query.get('status');
  const status = orderStatuses.find((known) => known === writtenStatus);
  if (writtenStatus !== null && status === undefined) {
    say('status', `must be one of ${orderStatuses.join(', ')}`);
  }

  const olderThan = wholeNumber('older_than', 0, MAX_AGE);
  const minAmount = amount('min_amount', 'up');
  const maxAmount = amount('max_amount', 'down');
  const open = given('open');
  const overdue = given('overdue');
  const limit = wholeNumber('limit', 1, MAX_LIMIT) ?? DEFAULT_LIMIT;

  const cursor = query.get('cursor');
  const after = cursor === null ? undefined : decodeCursor(cursor);
  if (cursor !== null && after === undefined) {
    say('cursor', 'must be the next_cursor of an earlier page');
  }

  if (problems.length > 0) {
    throw new CodedError('invalid', 'invalid_query', "The list's parameters are not valid.", {
      problems,
    });
  }
  return {
    ...(customerId !== undefined && { customerId }),
    ...(restaurantId !== undefined && { restaurantId }),
    ...(status !== undefined && { status }),
    ...(olderThan !== undefined && { olderThan }),
    ...(minAmount !== undefined && { minAmount }),
    ...(maxAmount !== undefined && { maxAmount }),
    ...(open && { open }),
    ...(overdue && { overdue }),
    limit,
    after,
  };
}

/** The cursor for the page after `end`: opaque to clients and safe in a URL. */
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

/** Problems for parameters given more than once. */
function repeated(query: URLSearchParams): Problem[] {
  return listParameters
    .filter(({ name }) => query.getAll(name).length > 1)
    .map(({ name }) => ({ field: name, message: 'must be given once' }));
}
