/**
 * The events as they stand in the log and on the wire, and the way from and to
 * the domain's. Names are the contract's: the Go sample's for debited, snake
 * case for ours. Readers ignore unknown fields and unknown types.
 */
import { z } from 'zod';
import { type Minor, majorUnits, minorFromDecimal } from '../domain/money.ts';
import type { OrderEvent } from '../domain/order.ts';
import { CodedError } from '../kit/errors.ts';
import { problemsOf } from './problems-of.ts';
import { ORDERS_STREAM } from './subjects.ts';

/** Types as they are called in the log: `ORDERS.created`. */
export const eventTypes = {
  created: `${ORDERS_STREAM}.created`,
  paymentdebited: `${ORDERS_STREAM}.paymentdebited`,
  paymentfailed: `${ORDERS_STREAM}.paymentfailed`,
  approved: `${ORDERS_STREAM}.approved`,
  rejected: `${ORDERS_STREAM}.rejected`,
  cancelled: `${ORDERS_STREAM}.cancelled`,
  voidrequested: `${ORDERS_STREAM}.voidrequested`,
  paymentvoided: `${ORDERS_STREAM}.paymentvoided`,
} as const satisfies Record<OrderEvent['type'], string>;

/**
 * Payloads as JSON, money as decimal major units with `decimals` decimals. The
 * JSON Schemas in docs/schemas are made of what goes in here.
 */
export function eventPayloads(decimals: number) {
  const amount = z
    .number()
    .meta({
      minimum: 0,
      description: "In major units of the currency, with at most the currency's decimals.",
    })
    .transform((value, check): Minor => {
      const read = minorFromDecimal(String(value), decimals);
      if (read !== undefined) return read;
      const message = `${value} is no amount with ${decimals} decimals`;
      check.addIssue({ code: 'custom', message });
      return z.NEVER;
    });
  // What no database column or header can hold must not get as far as a debit.
  const text = z.string().refine((value) => value.isWellFormed() && !value.includes('\0'));
  const id = text.min(1).max(200);
  const decider = z
    .string()
    .default('')
    .describe('`customer`, `restaurant`, `policy` or `saga-coordinator`.');
  return {
    created: z
      .object({
        order_id: id,
        customer_id: id,
        // Written for the Go sample's readers, and not read here.
        status: z.unknown().optional().meta({ const: 'Pending' }),
        created_on: z.string().describe('ISO 8601, by the clock of who took the order.'),
        restaurant_id: text,
        amount,
        order_items: z.array(
          z.object({
            code: z.string(),
            name: z.string(),
            unit_price: amount,
            quantity: z.number().int().min(1),
          }),
        ),
      })
      .transform(
        (p): OrderEvent => ({
          type: 'created',
          order: {
            orderId: p.order_id,
            customerId: p.customer_id,
            restaurantId: p.restaurant_id,
            amount: p.amount,
            createdOn: p.created_on,
            items: p.order_items.map(({ unit_price, ...item }) => ({
              ...item,
              unitPrice: unit_price,
            })),
          },
        }),
      ),
    paymentdebited: z
      .object({
        OrderID: id,
        CustomerID: text,
        Amount: amount,
        payment_id: z
          .string()
          .default('')
          .describe("The gateway's name for the payment; absent where the Go sample wrote it."),
      })
      .transform(
        (p): OrderEvent => ({
          type: 'paymentdebited',
          orderId: p.OrderID,
          customerId: p.CustomerID,
          amount: p.Amount,
          paymentId: p.payment_id,
        }),
      ),
    paymentfailed: z
      .object({ order_id: id, reason: z.string().describe('In words of the gateway.') })
      .transform(
        (p): OrderEvent => ({ type: 'paymentfailed', orderId: p.order_id, reason: p.reason }),
      ),
    approved: z.object({
      // Not read here: who files the event names the order, and the Go sample wrote no payload.
      order_id: z.unknown().optional().meta({ type: 'string' }),
      decided_by: decider,
    }),
    rejected: z
      .object({
        order_id: id,
        reason: z.string().describe('Words for people, or a code of ours.'),
        decided_by: decider,
      })
      .transform(
        (p): OrderEvent => ({
          type: 'rejected',
          orderId: p.order_id,
          reason: p.reason,
          decidedBy: p.decided_by,
        }),
      ),
    cancelled: z
      .object({
        order_id: id,
        reason: z.string().describe('Words for people, or a code of ours.'),
        decided_by: decider,
      })
      .transform(
        (p): OrderEvent => ({
          type: 'cancelled',
          orderId: p.order_id,
          reason: p.reason,
          decidedBy: p.decided_by,
        }),
      ),
    voidrequested: z
      .object({ order_id: id, reason: z.string().default('') })
      .transform(
        (p): OrderEvent => ({ type: 'voidrequested', orderId: p.order_id, reason: p.reason }),
      ),
    paymentvoided: z
      .object({
        order_id: id,
        payment_id: z
          .string()
          .default('')
          .describe('Of the debit that was undone; empty where there was none.'),
      })
      .transform(
        (p): OrderEvent => ({
          type: 'paymentvoided',
          orderId: p.order_id,
          paymentId: p.payment_id,
        }),
      ),
  };
}

/** Half of a surrogate pair, as JSON.stringify writes it. */
const LONE_SURROGATE = /\\ud[89a-f]/;

/**
 * `payload` as JSON without half surrogate pairs, which the event store refuses: a
 * gateway may give any reason, and what it did has to be recorded all the same.
 */
function wellFormedJson(payload: object): string {
  const json = JSON.stringify(payload);
  if (!LONE_SURROGATE.test(json)) return json;
  return JSON.stringify(payload, (_name, value: unknown) =>
    typeof value === 'string' ? value.toWellFormed() : value,
  );
}

/** Turns order events into log entries and back, for one currency. */
export interface OrderEventCodec {
  /** Type and payload of `event`. */
  encode(event: OrderEvent): { readonly eventType: string; readonly data: string };
  /**
   * The event that a log entry stands for; undefined for a type that is not
   * known here. Throws CodedError `invalid` (code `unreadable_event`) for a
   * known type whose payload cannot be read.
   */
  decode(entry: {
    readonly eventType: string;
    readonly aggregateId: string;
    readonly data: string;
  }): OrderEvent | undefined;
}

/** A codec for a currency with `decimals` decimals. Stateless and safe to share. */
export function orderEventCodec(decimals: number): OrderEventCodec {
  const schemas = eventPayloads(decimals);
  const major = (amount: Minor) => majorUnits(amount, decimals);

  function payload(event: OrderEvent): object {
    switch (event.type) {
      case 'created':
        return {
          order_id: event.order.orderId,
          customer_id: event.order.customerId,
          status: 'Pending',
          created_on: event.order.createdOn,
          restaurant_id: event.order.restaurantId,
          amount: major(event.order.amount),
          order_items: event.order.items.map((item) => ({
            code: item.code,
            name: item.name,
            unit_price: major(item.unitPrice),
            quantity: item.quantity,
          })),
        };
      case 'paymentdebited':
        return {
          OrderID: event.orderId,
          CustomerID: event.customerId,
          Amount: major(event.amount),
          payment_id: event.paymentId,
        };
      case 'paymentfailed':
        return { order_id: event.orderId, reason: event.reason };
      case 'approved':
        return { order_id: event.orderId, decided_by: event.decidedBy };
      case 'rejected':
      case 'cancelled':
        return { order_id: event.orderId, reason: event.reason, decided_by: event.decidedBy };
      case 'voidrequested':
        return { order_id: event.orderId, reason: event.reason };
      case 'paymentvoided':
        return { order_id: event.orderId, payment_id: event.paymentId };
    }
  }

  return {
    encode: (event) => ({
      eventType: eventTypes[event.type],
      data: wellFormedJson(payload(event)),
    }),
    decode: ({ eventType, aggregateId, data }) => {
      const type = (Object.keys(eventTypes) as OrderEvent['type'][]).find(
        (known) => eventTypes[known] === eventType,
      );
      if (type === undefined) return undefined;
      try {
        // The sample's `approved` has no payload at all.
        const json: unknown = data === '' ? {} : JSON.parse(data);
        if (type !== 'approved') return schemas[type].parse(json);
        return {
          type,
          orderId: aggregateId,
          decidedBy: schemas.approved.parse(json).decided_by,
        };
      } catch (cause) {
        throw new CodedError(
          'invalid',
          'unreadable_event',
          `The payload of ${eventType} of order ${aggregateId} cannot be read.`,
          {
            cause,
            ...(cause instanceof z.ZodError && { problems: problemsOf(cause.issues, 'it') }),
          },
        );
      }
    },
  };
}
