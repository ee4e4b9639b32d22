import assert from 'node:assert/strict';
import { orderEventCodec } from '../../../shared/contracts/events.ts';
import { ORDERS_STREAM, orderAggregate } from '../../../shared/contracts/subjects.ts';
import type { OrderEvent } from '../../../shared/domain/order.ts';
import { createMemoryEventStore } from '../../../shared/eventstore/memory/memory-event-store.ts';
import { background } from '../../../shared/kit/context.ts';
import { minor } from '../../../shared/money/money.ts';
// generator: imports
import { answerSampleEvent } from './sample-event.ts';

const codec = orderEventCodec(2);
const orderId = 'order-1';
const created: OrderEvent = {
  type: 'created',
  order: {
    orderId,
    customerId: 'customer-1',
    restaurantId: 'restaurant-1',
    amount: minor(1_250),
    items: [],
    createdOn: '2026-01-01T00:00:00.000Z',
  },
};
// generator: event
/** Everything that has happened to the order when the event is answered. */
const history: OrderEvent[] = [created];

/** The outcomes of `times` deliveries of the last event, and what they appended. */
async function answered(times: number) {
  const ctx = background();
  const store = createMemoryEventStore({ stream: ORDERS_STREAM });
  for (const [n, event] of history.entries()) {
    const filed = { eventId: `given-${n}`, ...orderAggregate(orderId), metadata: {} };
    await store.append(ctx, { events: [{ ...filed, ...codec.encode(event) }] });
  }
  const answer = answerSampleEvent(store, codec);
  const request = { orderId, causeId: `given-${history.length - 1}` };
  const outcomes: string[] = [];
  for (let n = 0; n < times; n++) outcomes.push((await answer(ctx, request)).outcome);
  const log = await store.readAggregate(ctx, orderAggregate(orderId));
  return { outcomes, answers: log.slice(history.length) };
}

describe('ORDERS.sampleevent, answered by samplename,', () => {
  // generator: tests
  it('is answered once, however often it is delivered', async () => {
    const { outcomes, answers } = await answered(3);
    assert.notEqual(
      outcomes[0],
      'nothing to do',
      'onSampleEvent() in services/samplename/sample-event.ts returns no command: write what answers ORDERS.sampleevent',
    );
    assert.deepEqual(outcomes, ['answered', 'nothing to do', 'nothing to do']);
    assert.equal(answers.length, 1);
  });

  it('is answered under the same id each time, so that two workers append one answer', async () => {
    const [one, other] = [await answered(1), await answered(1)];
    assert.ok(one.answers[0], 'it has no answer');
    assert.equal(one.answers[0].eventId, other.answers[0]?.eventId);
  });
});
