import assert from 'node:assert/strict';
import { orderEventCodec } from '../../shared/contracts/events.ts';
import { durables, ORDER_AGGREGATE, orderAggregate } from '../../shared/contracts/subjects.ts';
import type { OrderEvent } from '../../shared/domain/order.ts';
import { createMemoryEventStore } from '../../shared/eventstore/memory/memory-event-store.ts';
import { dispatching } from '../../shared/eventstore/worker/handles.ts';
import { replays } from '../../shared/eventstore/worker/replays.ts';
import { background } from '../../shared/kit/context.ts';
import { nop } from '../../shared/kit/endpoint.ts';
import { silentLogger } from '../../shared/kit/logger.ts';
import { noHook } from '../../shared/kit/transport/hooks.ts';
import { minor } from '../../shared/money/money.ts';
import { anEvent } from '../../shared/testing/an-event.ts';
import { eventually } from '../../shared/testing/eventually.ts';
import { paymentEndpoints } from './endpoints.ts';
import { createPaymentService } from './service.ts';

const ctx = background();
const codec = orderEventCodec(2);
const consumer = durables.payment;
const orderId = 'order-1';

describe("a replay of an order's dead letter", () => {
  const created: OrderEvent = {
    type: 'created',
    order: {
      orderId,
      customerId: 'customer-1',
      restaurantId: 'restaurant-1',
      amount: minor(100),
      items: [],
      createdOn: '2026-01-01T00:00:00.000Z',
    },
  };

  /** The payments that a replay of the order's first event asks for, given what has happened since. */
  async function debitsAfter(...since: OrderEvent[]): Promise<{ asked: number; events: number }> {
    const store = createMemoryEventStore({ stream: 'ORDERS' });
    for (const event of [created, ...since]) {
      const aggregate = { aggregateId: orderId, aggregateType: ORDER_AGGREGATE };
      await store.append(ctx, { events: [anEvent({ ...aggregate, ...codec.encode(event) })] });
    }
    await store.park(ctx, {
      consumer,
      position: 1n,
      eventId: 'any',
      reason: 'gateway_away',
      lastError: '',
      deliveries: 12,
      traceparent: '',
    });
    await store.requestReplay(ctx, { consumer, position: 1n });
    let asked = 0;
    const gateway = {
      debit: async () => {
        asked++;
        return { outcome: 'debited', paymentId: 'payment-1' } as const;
      },
      void: async () => assert.fail('a debit is no void'),
    };
    const service = createPaymentService(store, gateway, codec);
    const replaying = replays({
      consumer,
      endpoint: dispatching(
        paymentEndpoints(service, codec, () => nop),
        ORDER_AGGREGATE,
        async () => assert.fail('it is a debit'),
      ),
      store,
      hook: noHook,
      logger: silentLogger,
    });
    await replaying.start?.();
    await eventually('the letter is resolved', async () => {
      const [letter] = await store.deadLetters(ctx, { state: 'resolved', limit: 1 });
      return letter;
    });
    await replaying.stop?.();
    return {
      asked,
      events: (await store.readAggregate(ctx, orderAggregate(orderId))).length,
    };
  }

  it('takes the money that was not taken', async () => {
    assert.deepEqual(await debitsAfter(), { asked: 1, events: 2 });
  });

  it('after its order was cancelled moves no money', async () => {
    const cancelled: OrderEvent = {
      type: 'cancelled',
      orderId,
      decidedBy: 'saga-coordinator',
      reason: 'payment_deadline',
    };
    const voidRequested: OrderEvent = { type: 'voidrequested', orderId, reason: 'Cancelled' };
    const voided: OrderEvent = { type: 'paymentvoided', orderId, paymentId: '' };
    assert.deepEqual(await debitsAfter(cancelled, voidRequested), { asked: 0, events: 3 });
    assert.deepEqual(await debitsAfter(cancelled, voidRequested, voided), { asked: 0, events: 4 });
  });
});
