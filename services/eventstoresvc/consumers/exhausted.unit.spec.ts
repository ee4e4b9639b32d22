import assert from 'node:assert/strict';
import { createMemoryEventStore } from '../../../shared/eventstore/memory/memory-event-store.ts';
import { background } from '../../../shared/kit/context.ts';
import { anEvent } from '../../../shared/testing/an-event.ts';
import { parkExhausted } from './exhausted.ts';

const ctx = background();
const exhausted = { consumer: 'payment-worker', position: 1n, deliveries: 1_012 };

describe('what the broker gave up on', () => {
  it('is parked with its event and trace', async () => {
    const store = createMemoryEventStore({ stream: 'ORDERS' });
    const event = anEvent({ metadata: { traceparent: '00-aa-bb-01' } });
    await store.append(ctx, { events: [event] });
    assert.equal(await parkExhausted(ctx, store, exhausted), 'parked');
    assert.equal(await parkExhausted(ctx, store, exhausted), 'known');
    const [letter, ...more] = await store.deadLetters(ctx, { limit: 10 });
    assert.equal(more.length, 0);
    assert.deepEqual(
      [letter?.eventId, letter?.reason, letter?.deliveries, letter?.traceparent],
      [event.eventId, 'max_deliveries', 1_012, '00-aa-bb-01'],
    );
  });

  it('leaves alone what its consumer parked, whatever has become of that', async () => {
    const store = createMemoryEventStore({ stream: 'ORDERS' });
    const { consumer, position } = exhausted;
    await store.park(ctx, {
      ...exhausted,
      eventId: 'e-1',
      reason: 'gateway_away',
      lastError: '',
      traceparent: '',
    });
    await store.requestReplay(ctx, { consumer, position });
    await store.takeReplays(ctx, { consumer, limit: 1 });
    assert.equal(await parkExhausted(ctx, store, exhausted), 'known');
    const [letter] = await store.deadLetters(ctx, { limit: 1 });
    assert.deepEqual([letter?.reason, letter?.state], ['gateway_away', 'requested']);
  });

  it('at a position that the log does not have is dropped, and keeps no later event from being parked', async () => {
    const store = createMemoryEventStore({ stream: 'ORDERS' });
    assert.equal(await parkExhausted(ctx, store, exhausted), 'no_event');
    await store.append(ctx, { events: [anEvent()] });
    const beyond = { ...exhausted, position: BigInt(Number.MAX_SAFE_INTEGER) };
    assert.equal(await parkExhausted(ctx, store, beyond), 'no_event');
    assert.deepEqual(await store.deadLetters(ctx, { limit: 10 }), []);
    assert.equal(await parkExhausted(ctx, store, exhausted), 'parked');
  });
});
