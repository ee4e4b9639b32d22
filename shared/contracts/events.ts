/**
 * The events in the log and on the wire, and their conversion from and to the domain's.
 * Names are the contract's: the Go sample's for debited, snake case for ours. Readers
 * ignore unknown fields and unknown types.
 */
import { z } from 'zod';
import type { OrderEvent } from '../domain/order.ts';
import {
  type EventCodec,
  type EventTable,
  entry,
  eventCodec,
  typesOf,
} from '../eventstore/event-table.ts';
import { type Minor, majorUnits, minorFromDecimal } from '../money/money.ts';
import { ORDER_AGGREGATE, ORDERS_STREAM } from './subjects.ts';

/**
 * Defines every event once: its payload as JSON, with money as decimal major units of
 * `decimals` decimals, and the conversion from and to it. Fields are written in the order
 * of `encode`.
 */
export function orderEvents(decimals: number): EventTable<OrderEvent> {
  const major = (amount: Minor) => majorUnits(amount, decimals);
  const amount = z
    .number()
    .meta({
      minimum: 0,
      description: "In major units of the currency, with at most the currency's decimals.",
    })
    .transform((value, check): Minor => {
      const read = minorFromDecimal(String(value), decimals);
      if (read !== undefined) return read;
      const message = `${value} is not an amount with ${decimals} decimals`;
      check.addIssue({ code: 'custom', message });
      return z.NEVER;
    });
  // A text that no database column or header can hold must not get as far as a debit.
  const text = z.string().refine((value) => value.isWellFormed() && !value.includes('\0'));
  const id = text.min(1).max(200);
  const decider = z
    .string()
    .default('')
    .describe('`customer`, `restaurant`, `policy` or `saga-coordinator`.');
  const ended = entry(
    z.object({
      order_id: id,
      reason: z.string().describe('Free text, or one of our codes.'),
      decided_by: decider,
    }),
    {
      decode: (p) => ({ orderId: p.order_id, reason: p.reason, decidedBy: p.decided_by }),
      encode: (e) => ({ order_id: e.orderId, reason: e.reason, decided_by: e.decidedBy }),
    },
  );

  return {
    created: entry(
      z.object({
        order_id: id,
        customer_id: id,
        // Written for the Go sample's readers; not read here.
        status: z.unknown().optional().meta({ const: 'Pending' }),
        created_on: z
          .string()
          .describe('ISO 8601, by the clock of the ordersvc that accepted the order.'),
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
      }),
      {
        decode: (p) => ({
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
        encode: ({ order }) => ({
          order_id: order.orderId,
          customer_id: order.customerId,
          status: 'Pending',
          created_on: order.createdOn,
          restaurant_id: order.restaurantId,
          amount: major(order.amount),
          order_items: order.items.map((item) => ({
            code: item.code,
            name: item.name,
            unit_price: major(item.unitPrice),
            quantity: item.quantity,
          })),
        }),
      },
    ),
    paymentdebited: entry(
      z.object({
        OrderID: id,
        CustomerID: text,
        Amount: amount,
        payment_id: z
          .string()
          .default('')
          .describe("The gateway's id of the payment; absent in events from the Go sample."),
      }),
      {
        decode: (p) => ({
          orderId: p.OrderID,
          customerId: p.CustomerID,
          amount: p.Amount,
          paymentId: p.payment_id,
        }),
        encode: (e) => ({
          OrderID: e.orderId,
          CustomerID: e.customerId,
          Amount: major(e.amount),
          payment_id: e.paymentId,
        }),
      },
    ),
    paymentfailed: entry(
      z.object({ order_id: id, reason: z.string().describe("In the gateway's words.") }),
      {
        decode: (p) => ({ orderId: p.order_id, reason: p.reason }),
        encode: (e) => ({ order_id: e.orderId, reason: e.reason }),
      },
    ),
    approved: entry(
      // The id is not read here: who files the event names the order, and the Go sample wrote no payload.
      z.object({ order_id: z.unknown().optional().meta({ type: 'string' }), decided_by: decider }),
      {
        decode: (p, orderId) => ({ orderId, decidedBy: p.decided_by }),
        encode: (e) => ({ order_id: e.orderId, decided_by: e.decidedBy }),
      },
    ),
    rejected: ended,
    cancelled: ended,
    voidrequested: entry(z.object({ order_id: id, reason: z.string().default('') }), {
      decode: (p) => ({ orderId: p.order_id, reason: p.reason }),
      encode: (e) => ({ order_id: e.orderId, reason: e.reason }),
    }),
    paymentvoided: entry(
      z.object({
        order_id: id,
        payment_id: z
          .string()
          .default('')
          .describe('The debit that was undone; empty if there was none.'),
      }),
      {
        decode: (p) => ({ orderId: p.order_id, paymentId: p.payment_id }),
        encode: (e) => ({ order_id: e.orderId, payment_id: e.paymentId }),
      },
    ),
  };
}

/** Event types as named in the log: `ORDERS.created`. The same in every currency. */
export const eventTypes = typesOf<typeof ORDERS_STREAM, OrderEvent>(ORDERS_STREAM, orderEvents(0));

/** Turns order events into log entries and back, for one currency. */
export type OrderEventCodec = EventCodec<OrderEvent>;

/** A codec for a currency with `decimals` decimals. Stateless and safe to share. */
export function orderEventCodec(decimals: number): OrderEventCodec {
  return eventCodec({
    stream: ORDERS_STREAM,
    aggregate: ORDER_AGGREGATE,
    table: orderEvents(decimals),
  });
}
