/**
 * What goes over HTTP, as zod schemas: the bodies that are read and the answers
 * that are given. Snake case and decimal major units, as in the events.
 */
import { z } from 'zod';
import { MAX_AMOUNT, type Minor, minorFromDecimal } from '../domain/money.ts';
import { type OrderItem, type PaymentStatus, total } from '../domain/order.ts';

/** No order has more lines than this. With the longest texts it stays far below the size of an event. */
export const MAX_ITEMS = 100;
/** The most that one line can order. */
export const MAX_QUANTITY = 1_000_000;
/** Characters of an `Idempotency-Key`. */
export const MAX_KEY = 255;

/** Ids: not blank, and nothing that does not show, for two ids that look the same should be the same. */
const printable = /^(?=.*\S)[^\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]{1,200}$/u;
/** What people read may join its characters by invisible ones, as many scripts and emoji do. */
const readable = /^(?=.*\S)[^\p{Cc}\p{Cs}\p{Zl}\p{Zp}]{1,200}$/u;

const wanted = (what: string) => (issue: { readonly input?: unknown }) =>
  issue.input === undefined ? 'is missing' : `must be ${what}`;

const idText = '1 to 200 printable characters';
const text = (pattern: RegExp) =>
  z.string({ error: wanted('text') }).regex(pattern, { error: `must be ${idText}, not all blank` });

/** An id of a customer, a restaurant or an item: 1–200 printable characters, not all blank. */
export const id = text(printable);

/** An order's id. Not only ordersvc begins orders, so it is whatever the event store takes. */
export const orderId = z.string().regex(/^[^\p{Cc}\p{Cs}\p{Zl}\p{Zp}]{1,200}$/u);

/** How numbers are read: a body's numbers are judged as they were written. */
export interface NumberRules {
  /** Of the currency: 2 for USD, 0 for JPY. */
  readonly decimals: number;
  /** The digits of a number in a parsed body as the client wrote them; undefined for what is no number. */
  readonly numberText: (value: unknown) => string | undefined;
}

/** The body of `POST /api/orders`. Fields that are not named here, such as an amount or a status, are ignored. */
export function placeOrderBody({ decimals, numberText }: NumberRules) {
  const unitPrice = z.unknown().transform((value, check): Minor => {
    const written = numberText(value);
    const read = written === undefined ? undefined : minorFromDecimal(written, decimals);
    if (read !== undefined) return read;
    const message =
      written === undefined
        ? wanted('a number')({ input: value })
        : `must be an amount from 0 with at most ${decimals} decimals`;
    check.addIssue({ code: 'custom', message });
    return z.NEVER;
  });

  const quantity = z.unknown().transform((value, check): number => {
    const written = numberText(value);
    const read = written === undefined ? undefined : minorFromDecimal(written, 0);
    if (read !== undefined && read >= 1 && read <= MAX_QUANTITY) return read;
    const message =
      written === undefined
        ? wanted('a number')({ input: value })
        : `must be a whole number from 1 to ${MAX_QUANTITY}`;
    check.addIssue({ code: 'custom', message });
    return z.NEVER;
  });

  const item = z
    .object(
      { code: id, name: text(readable), unit_price: unitPrice, quantity },
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

  return z.object(
    {
      customer_id: id,
      restaurant_id: id,
      order_items: z
        .array(item, { error: wanted('a list') })
        .min(1, { error: 'must have at least one item' })
        .max(MAX_ITEMS, { error: `must have at most ${MAX_ITEMS} items` })
        .refine((items) => total(items) <= MAX_AMOUNT, {
          error: `must not cost more than ${MAX_AMOUNT / 10 ** decimals} together`,
        }),
    },
    { error: wanted('an object') },
  );
}

/**
 * The body of `POST /api/orders/{id}/cancel`, which may be left out. The reason
 * is 1–200 printable characters. Who decided is not asked: cancelling is what
 * customers do, and without authentication a name would be a mere claim.
 */
export const cancelOrderBody = z.object(
  { reason: text(readable).optional() },
  { error: wanted('an object') },
);

/** The body of `POST /api/orders/{id}/reject`. Whoever is turned away is told why. */
export const rejectOrderBody = z.object({ reason: text(readable) }, { error: wanted('an object') });

const money = z.number().min(0);
const version = z.number().int().min(1);

const orderItemAnswer = z.object({
  code: z.string(),
  name: z.string(),
  unit_price: money,
  quantity: z.number().int().min(1),
});

/** 201 of `POST /api/orders`: the order as it stands in `ORDERS.created`. */
export const placedAnswer = z.object({
  order_id: z.string(),
  customer_id: z.string(),
  status: z.literal('Pending'),
  created_on: z.string(),
  restaurant_id: z.string(),
  amount: money,
  order_items: z.array(orderItemAnswer),
});

/** What is known of an order's payment. */
const paymentStatuses = [
  'none',
  'debited',
  'failed',
  'void_requested',
  'voided',
] as const satisfies readonly PaymentStatus[];

/** 200 of `GET /api/orders/{id}`, and of `POST` to its `/cancel`, `/approve` and `/reject`. */
export const orderAnswer = z.object({
  order_id: z.string(),
  customer_id: z.string(),
  restaurant_id: z.string(),
  status: z.string(),
  payment_status: z.enum(paymentStatuses),
  amount: money,
  order_items: z.array(orderItemAnswer),
  created_on: z.string(),
  /** Why it did not end well: a person's words or a code of ours; absent otherwise. */
  reason: z.string().optional(),
  /** How many events of the order this is made of. */
  version,
});

/** 200 of `GET /api/orders`: a page, the newest first. */
export const orderListAnswer = z.object({
  orders: z.array(orderAnswer),
  /** For the next page's `cursor`; absent on the last. */
  next_cursor: z.string().optional(),
  /** Everything in the log up to this position is in the page, and perhaps more. */
  position: z.number().int().min(0),
});

/** 200 of `GET /api/orders/{id}/events`: the order's events as they stand in the log. */
export const orderEventsAnswer = z.object({
  events: z.array(
    z.object({
      event_id: z.string(),
      event_type: z.string(),
      version,
      position: version,
      /** ISO 8601, by the database's clock. */
      created_at: z.string(),
      /** The payload; null where the event has none. */
      data: z.unknown(),
      /** Correlation, causation and trace. */
      metadata: z.record(z.string(), z.string()),
    }),
  ),
});

export type PlacedAnswer = z.infer<typeof placedAnswer>;
export type OrderAnswer = z.infer<typeof orderAnswer>;
export type OrderListAnswer = z.infer<typeof orderListAnswer>;
export type OrderEventsAnswer = z.infer<typeof orderEventsAnswer>;
