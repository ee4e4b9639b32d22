import { randomUUID } from 'node:crypto';
import { v7 as uuidv7 } from 'uuid';
import { ORDERS_STREAM } from '../../shared/contracts/subjects.ts';

/** One append that a caller makes, in words that every contender understands. */
export interface Step {
  readonly eventId: string;
  readonly eventType: string;
  readonly aggregateId: string;
  /** The version that the aggregate has before; 0 for one that does not exist yet. */
  readonly expectedVersion: number;
  /** As an object; a store of text serializes it, which is part of the measurement. */
  readonly payload: object;
  readonly metadata: Readonly<Record<string, string>>;
}

export const AGGREGATE_TYPE = 'order';

/** What an order's life looks like to the log: created, paid, approved. */
const LIFE = ['created', 'paymentdebited', 'approved'] as const;

/** Versions that each aggregate gets. */
export const EVENTS_PER_AGGREGATE = LIFE.length;

/**
 * What one caller appends, without end: versions 1 to 3 of an aggregate and then
 * those of the next, so that one in three appends begins an aggregate and two
 * continue one. A later version follows only when the one before was answered.
 */
export function* steps(stream?: string): Generator<Step, never, undefined> {
  for (;;) yield* lifeOf(uuidv7(), stream);
}

/** The appends of one aggregate in the log of a stream. */
export function* lifeOf(
  aggregateId: string,
  stream: string = ORDERS_STREAM,
): Generator<Step, void, undefined> {
  for (const [version, token] of LIFE.entries()) {
    yield {
      eventId: randomUUID(),
      eventType: `${stream}.${token}`,
      aggregateId,
      expectedVersion: version,
      payload: payloadOf(aggregateId),
      metadata: {
        traceparent: `00-${randomUUID().replaceAll('-', '')}-${aggregateId.slice(-12)}0000-01`,
        correlation_id: aggregateId,
      },
    };
  }
}

/** An order with two items: about 350 bytes of JSON text, as `ORDERS.created` has it. */
const payloadOf = (orderId: string) => ({
  order_id: orderId,
  customer_id: `customer-${orderId.slice(0, 8)}`,
  status: 'Pending',
  created_on: '2026-11-22T21:00:20.454Z',
  restaurant_id: 'trattoria',
  amount: 21.25,
  order_items: [
    { code: 'PZ1', name: 'Pizza Margherita', unit_price: 9.5, quantity: 2 },
    { code: 'AC1', name: 'Acqua', unit_price: 2.25, quantity: 1 },
  ],
});
