import assert from 'node:assert/strict';
import { orderEventCodec } from '../../shared/contracts/events.ts';
import {
  durables,
  ORDER_AGGREGATE,
  ORDERS_STREAM,
  orderAggregate,
} from '../../shared/contracts/subjects.ts';
import type { OrderDetails, OrderEvent } from '../../shared/domain/order.ts';
import type { EventStore } from '../../shared/eventstore/event-store.ts';
import { derivedId } from '../../shared/eventstore/ids.ts';
import { createMemoryEventStore } from '../../shared/eventstore/memory/memory-event-store.ts';
import { background, causedBy } from '../../shared/kit/context.ts';
import { MAX_AMOUNT, minor } from '../../shared/money/money.ts';
import type { ReviewPolicy } from './review-policy.ts';
import { createReviewService } from './service.ts';

const codec = orderEventCodec(2);
const orderId = 'order-1';
const order: OrderDetails = {
  orderId,
  customerId: 'customer-1',
  restaurantId: 'restaurant-1',
  amount: minor(1_250),
  items: [],
  createdOn: '2026-01-01T00:00:00.000Z',
};
const created: OrderEvent = { type: 'created', order };
const paid: OrderEvent = {
  type: 'paymentdebited',
  orderId,
  customerId: 'customer-1',
  amount: minor(1_250),
  paymentId: 'payment-1',
};
const request = { orderId, causeId: 'paid-1' };
const ctx = causedBy(background('submission-1'), { eventId: 'paid-1' });
const lenient: ReviewPolicy = { rejectAbove: MAX_AMOUNT, rejectRestaurants: [], manual: [] };
const manual: ReviewPolicy = { ...lenient, manual: 'all' };
const strict: ReviewPolicy = { ...lenient, rejectRestaurants: ['restaurant-1'] };

describe('review service', () => {
  let store: EventStore;
  let nextId: number;

  beforeEach(() => {
    store = createMemoryEventStore({ stream: ORDERS_STREAM });
    nextId = 1;
  });

  async function given(...events: OrderEvent[]): Promise<void> {
    for (const event of events) {
      await store.append(ctx, {
        events: [
          {
            eventId: event.type === 'paymentdebited' ? 'paid-1' : `given-${nextId++}`,
            aggregateId: orderId,
            aggregateType: ORDER_AGGREGATE,
            metadata: {},
            ...codec.encode(event),
          },
        ],
      });
    }
  }

  const log = () => store.readAggregate(ctx, orderAggregate(orderId));
  const types = async () => (await log()).map((event) => event.eventType);

  it('approves a paid order, with what caused it', async () => {
    await given(created, paid);
    const result = await createReviewService(store, lenient, codec).review(ctx, request);
    assert.deepEqual(result, { outcome: 'approved' });
    const last = (await log()).at(-1);
    assert.equal(last?.eventType, 'ORDERS.approved');
    assert.equal(last?.metadata.causation_id, 'paid-1');
    assert.equal(last?.metadata.correlation_id, 'submission-1');
  });

  it('rejects what the policy speaks against, with the reason', async () => {
    await given(created, paid);
    const result = await createReviewService(store, strict, codec).review(ctx, request);
    assert.equal(result.outcome, 'rejected');
    assert.deepEqual(await types(), ['ORDERS.created', 'ORDERS.paymentdebited', 'ORDERS.rejected']);
  });

  it('leaves a paid order to its restaurant, and writes nothing', async () => {
    await given(created, paid);
    const service = createReviewService(store, manual, codec);
    assert.deepEqual(await service.review(ctx, request), { outcome: 'left to the restaurant' });
    assert.equal((await types()).length, 2);
  });

  it('a restaurant that was quicker than the message has decided before', async () => {
    await given(created, paid, { type: 'approved', orderId, decidedBy: 'restaurant' });
    const result = await createReviewService(store, manual, codec).review(ctx, request);
    assert.deepEqual(result, { outcome: 'decided before' });
  });

  it('a repeat decides nothing again', async () => {
    await given(created, paid);
    const service = createReviewService(store, lenient, codec);
    await service.review(ctx, request);
    assert.deepEqual(await service.review(ctx, request), { outcome: 'decided before' });
    assert.equal((await types()).length, 3);
  });

  it('a refusal is an answer: an order that has ended stays as it is', async () => {
    await given(created, paid, { type: 'rejected', orderId, decidedBy: 'someone', reason: 'no' });
    const result = await createReviewService(store, lenient, codec).review(ctx, request);
    assert.deepEqual(result, { outcome: 'refused', code: 'order_ended' });
    assert.equal((await types()).length, 3);
  });

  it('a payment of no known order is answered, not tried for ever', async () => {
    await given(paid);
    const result = await createReviewService(store, lenient, codec).review(ctx, request);
    assert.deepEqual(result, { outcome: 'refused', code: 'order_not_found' });
  });

  it('an order or a payment that the log has lost is asked for again, not answered', async () => {
    const service = createReviewService(store, lenient, codec);
    await assert.rejects(service.review(ctx, request), { code: 'event_lost' });
    await given(created);
    await assert.rejects(service.review(ctx, request), { code: 'event_lost' });
    await given(paid);
    assert.deepEqual(await service.review(ctx, request), { outcome: 'approved' });
  });

  it('a decision is taken again from fresh state when the order has moved', async () => {
    await given(created, paid);
    let raced = false;
    const racing: EventStore = {
      ...store,
      append: async (context, { events, expectedVersion: expected }) => {
        if (!raced) {
          raced = true;
          await given({ type: 'rejected', orderId, decidedBy: 'someone', reason: 'quicker' });
        }
        return store.append(context, { events, expectedVersion: expected });
      },
    };
    const result = await createReviewService(racing, lenient, codec).review(ctx, request);
    assert.deepEqual(result, { outcome: 'refused', code: 'order_ended' });
    assert.equal((await types()).at(-1), 'ORDERS.rejected');
  });

  it('its own answer given before in other words stands, and the worker is done', async () => {
    await given(created, paid);
    // Two instances with different policies, both of which read before either appended.
    const before = await log();
    let reads = 0;
    const late: EventStore = {
      ...store,
      readAggregate: async (...args) => (reads++ === 0 ? before : store.readAggregate(...args)),
    };
    await createReviewService(store, lenient, codec).review(ctx, request);
    const result = await createReviewService(late, strict, codec).review(ctx, request);
    assert.deepEqual(result, { outcome: 'decided before' });
    assert.equal((await types()).at(-1), 'ORDERS.approved');
  });

  it('an answer of a newer release stands, also where its type is not known here', async () => {
    await given(created, paid);
    const answer = {
      ...{ eventId: derivedId(durables.review, 'paid-1', 'answer'), metadata: {} },
      ...{ eventType: 'ORDERS.postponed', data: '{}' },
      ...orderAggregate(orderId),
    };
    await store.append(ctx, { events: [answer] });
    const result = await createReviewService(store, lenient, codec).review(ctx, request);
    assert.deepEqual(result, { outcome: 'decided before' });
    assert.equal((await types()).at(-1), 'ORDERS.postponed');
  });

  it('an answer whose id another order has is a fault', async () => {
    await given(created, paid);
    const eventId = derivedId(durables.review, 'paid-1', 'answer');
    const elsewhere = { ...orderAggregate('order-2'), metadata: {}, eventId };
    await store.append(ctx, { events: [{ ...elsewhere, ...codec.encode(created) }] });
    await assert.rejects(createReviewService(store, lenient, codec).review(ctx, request), {
      kind: 'already_exists',
    });
  });
});
