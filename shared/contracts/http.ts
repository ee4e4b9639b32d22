/**
 * What goes over HTTP, as zod schemas: the bodies that are read and the answers that are
 * given. Snake case and decimal major units, as in the events. The OpenAPI document takes
 * its descriptions from them, and from `meta` the name (`id`, frozen, because clients
 * make types of it), the example, and how to write a value that a transformation hides.
 */
import { z } from 'zod';
import { charging } from '../domain/charging.ts';
import { type OrderItem, type OrderStatus, type PaymentStatus, total } from '../domain/order.ts';
import type { Currency } from '../money/currency.ts';
import { decimalText, MAX_AMOUNT, type Minor, minorFromDecimal } from '../money/money.ts';
import { keyText, printable, readable, recorded, type TextRule } from './texts.ts';

/** The most lines of an order. With the longest texts it stays far below the maximum size of an event. */
export const MAX_ITEMS = 100;
/** The most that one line can order. */
export const MAX_QUANTITY = 1_000_000;
/** Characters of an `Idempotency-Key`. */
export const MAX_KEY = keyText.maxLength;

const wanted = (what: string) => (issue: { readonly input?: unknown }) =>
  issue.input === undefined ? 'is missing' : `must be ${what}`;

const idText = '1 to 200 printable characters';
/** How the OpenAPI document shows a rule for texts. */
const spelled = ({ pattern, maxLength, format }: TextRule) => ({
  pattern,
  minLength: 1,
  maxLength,
  ...(format && { format }),
});

const text = (rule: TextRule) =>
  z
    .string({ error: wanted('text') })
    .regex(rule.regex, { error: `must be ${idText}, not all blank` })
    .meta(spelled(rule));

/** An id of a customer, a restaurant or an item: 1–200 printable characters, not all blank. */
export const id = text(printable);

/**
 * An order's id. Other writers may start orders too, so it is any id that the event store
 * accepts.
 */
export const orderId = z.string().regex(recorded.regex).meta(spelled(recorded));

/** An `Idempotency-Key`: 1–255 printable characters, not all blank. */
export const idempotencyKey = z.string().regex(keyText.regex).meta(spelled(keyText));

/** How numbers are read: a body's numbers are checked as they were written. */
export interface NumberRules {
  readonly currency: Currency;
  /** The digits of a number in a parsed body as the client wrote them; undefined if it is no number. */
  readonly numberText: (value: unknown) => string | undefined;
}

/** The examples follow one order, from placing to approval. */
const placing = {
  customer_id: 'c1',
  restaurant_id: 'r1',
  order_items: [{ code: 'P1', name: 'Pizza', unit_price: 12, quantity: 2 }],
};

const placed = {
  order_id: '018f3f6e-6f0a-7c3e-9d7e-2f1c8f0a5b11',
  customer_id: placing.customer_id,
  status: 'Pending',
  created_on: '2026-03-01T18:30:00.000Z',
  restaurant_id: placing.restaurant_id,
  amount: 24,
  order_items: placing.order_items,
};

const approved = { ...placed, status: 'Approved', payment_status: 'debited', version: 3 };
const listed = { ...approved, changed_at: '2026-03-01T18:30:00.046Z' };

/** The body of `POST /api/orders`. Fields that are not named here, such as an amount or a status, are ignored. */
export function placeOrderBody({ currency, numberText }: NumberRules) {
  const { decimals } = currency;
  const { step, least } = charging(currency);
  const most = MAX_AMOUNT / 10 ** decimals;
  // If every line is a multiple of the step, so is the sum.
  const stepText = decimalText(step as Minor, decimals);
  const leastText = decimalText(least, decimals);

  const unitPrice = z
    .unknown()
    .transform((value, check): Minor => {
      const written = numberText(value);
      const read = written === undefined ? undefined : minorFromDecimal(written, decimals);
      if (read !== undefined && read % step === 0) return read;
      const problem =
        read === undefined
          ? `must be an amount from 0 with at most ${decimals} decimals`
          : `must be a multiple of ${stepText}: other amounts cannot be charged in ${currency.code}`;
      const message = written === undefined ? wanted('a number')({ input: value }) : problem;
      check.addIssue({ code: 'custom', message });
      return z.NEVER;
    })
    .meta({
      type: 'number',
      minimum: 0,
      maximum: most,
      multipleOf: Number(`${step}e-${decimals}`),
      description: `In major units of ${currency.code}, with at most ${decimals} decimals as written.`,
    });

  const quantity = z
    .unknown()
    .transform((value, check): number => {
      const written = numberText(value);
      const read = written === undefined ? undefined : minorFromDecimal(written, 0);
      if (read !== undefined && read >= 1 && read <= MAX_QUANTITY) return read;
      const message =
        written === undefined
          ? wanted('a number')({ input: value })
          : `must be a whole number from 1 to ${MAX_QUANTITY}`;
      check.addIssue({ code: 'custom', message });
      return z.NEVER;
    })
    .meta({ type: 'integer', minimum: 1, maximum: MAX_QUANTITY });

  const costsEnough = (items: readonly OrderItem[]) => {
    const amount = total(items);
    return amount === 0 || amount >= least;
  };

  const item = z
    .object(
      {
        code: id.meta({ description: "The restaurant's code for it.", examples: ['P1'] }),
        name: text(readable).meta({ description: 'Its name for people.', examples: ['Pizza'] }),
        unit_price: unitPrice,
        quantity,
      },
      { error: wanted('an object') },
    )
    .transform(
      ({ unit_price, ...rest }): OrderItem => ({
        code: rest.code,
        name: rest.name,
        unitPrice: unit_price,
        quantity: rest.quantity,
      }),
    );

  const body = z.object(
    {
      customer_id: id.meta({ description: 'Who orders.', examples: ['c1'] }),
      restaurant_id: id.meta({ description: 'The restaurant that cooks it.', examples: ['r1'] }),
      order_items: z
        .array(item, { error: wanted('a list') })
        .min(1, { error: 'must have at least one item' })
        .max(MAX_ITEMS, { error: `must have at most ${MAX_ITEMS} items` })
        .refine((items) => total(items) <= MAX_AMOUNT, {
          error: `must not cost more than ${most} in total`,
        })
        .refine(costsEnough, {
          error: `must cost at least ${leastText} in total, or nothing: less cannot be charged`,
        })
        .meta({
          description: `In total they must cost from ${leastText} to ${most}, or nothing.`,
        }),
    },
    { error: wanted('an object') },
  );
  return body.meta({ id: 'PlaceOrder', example: placing });
}

/**
 * The body of `POST /api/orders/{id}/cancel`, which may be omitted. The reason is 1–200
 * printable characters. It has no field for who decided: customers cancel, and without
 * authentication a name would be a mere claim.
 */
export const cancelOrderBody = z
  .object(
    {
      reason: text(readable)
        .meta({ description: 'Why, as free text.', examples: ['too slow'] })
        .optional(),
    },
    { error: wanted('an object') },
  )
  .meta({ id: 'CancelOrder', example: { reason: 'too slow' } });

/** The body of `POST /api/orders/{id}/reject`. The customer is told why. */
export const rejectOrderBody = z
  .object(
    {
      reason: text(readable).meta({
        description: 'Why, as free text.',
        examples: ['the oven is cold'],
      }),
    },
    { error: wanted('an object') },
  )
  .meta({ id: 'RejectOrder', example: { reason: 'the oven is cold' } });

const money = z.number().min(0).describe('In major units of the currency.');
const version = z.number().int().min(1);

const orderItemAnswer = z.object({
  code: z.string(),
  name: z.string(),
  unit_price: money,
  quantity: z.number().int().min(1),
});

/** 201 of `POST /api/orders`: the order as in `ORDERS.created`. */
export const placedAnswer = z
  .object({
    order_id: z.string(),
    customer_id: z.string(),
    status: z.literal('Pending'),
    created_on: z
      .string()
      .describe('ISO 8601, by the clock of the ordersvc that accepted the order.'),
    restaurant_id: z.string(),
    amount: money,
    order_items: z.array(orderItemAnswer),
  })
  .meta({ id: 'PlacedOrder', example: placed });

/** The possible statuses of an order that exists. */
export const orderStatuses = [
  'Pending',
  'Paid',
  'Approved',
  'PaymentFailed',
  'Rejected',
  'Cancelled',
] as const satisfies readonly OrderStatus[];

/** What is known of an order's payment. */
const paymentStatuses = [
  'none',
  'debited',
  'failed',
  'void_requested',
  'voided',
] as const satisfies readonly PaymentStatus[];

/** 200 of `GET /api/orders/{id}`, and of `POST` to its `/cancel`, `/approve` and `/reject`. */
export const orderAnswer = z
  .object({
    order_id: z.string(),
    customer_id: z.string(),
    restaurant_id: z.string(),
    status: z
      .string()
      .describe(
        'Pending, Paid, Approved, PaymentFailed, Rejected or Cancelled. Others may be added: treat an unknown one as not ended.',
      ),
    payment_status: z.enum(paymentStatuses).describe('What is known of the payment.'),
    amount: money,
    order_items: z.array(orderItemAnswer),
    created_on: z.string().describe('ISO 8601, as the ordersvc that accepted the order wrote it.'),
    reason: z
      .string()
      .optional()
      .describe('Why the order failed: free text or one of our codes; absent otherwise.'),
    version: version.describe("How many of the order's events this includes; also its ETag."),
  })
  .meta({ id: 'Order', example: approved });

/** 200 of `GET /api/orders`: a page, the newest first. */
export const orderListAnswer = z
  .object({
    orders: z.array(
      orderAnswer
        .extend({
          changed_at: z
            .string()
            .meta({ format: 'date-time' })
            .optional()
            .describe("When it last changed: ISO 8601, by the database's clock."),
        })
        .meta({ id: 'ListedOrder', example: listed }),
    ),
    next_cursor: z
      .string()
      .optional()
      .describe('The `cursor` of the next page; absent on the last page.'),
    position: z
      .number()
      .int()
      .min(0)
      .describe('The list includes everything in the log up to this position, and perhaps more.'),
  })
  .meta({ id: 'OrderList', example: { orders: [listed], position: 1_207 } });

/** 200 of `GET /api/orders/{id}/events`: the order's events as stored in the log. */
export const orderEventsAnswer = z
  .object({
    events: z.array(
      z.object({
        event_id: z.string(),
        event_type: z.string().meta({ examples: ['ORDERS.created'] }),
        version: version.describe("Its number among the order's events."),
        position: version.describe('Its number in the log.'),
        created_at: z
          .string()
          .meta({ format: 'date-time', description: "ISO 8601, by the database's clock." }),
        data: z.unknown().describe('The payload; null if the event has none.'),
        metadata: z.record(z.string(), z.string()).describe('Correlation, causation and trace.'),
      }),
    ),
  })
  .meta({
    id: 'OrderEvents',
    example: {
      events: [
        {
          event_id: '2c5ea4c0-4067-5fe9-8bad-9b1deb4d3b7d',
          event_type: 'ORDERS.created',
          version: 1,
          position: 1_205,
          created_at: '2026-03-01T18:30:00.004Z',
          data: placed,
          metadata: { correlation_id: placed.order_id },
        },
      ],
    },
  });

export type PlacedAnswer = z.infer<typeof placedAnswer>;
export type OrderAnswer = z.infer<typeof orderAnswer>;
export type OrderListAnswer = z.infer<typeof orderListAnswer>;
export type OrderEventsAnswer = z.infer<typeof orderEventsAnswer>;
