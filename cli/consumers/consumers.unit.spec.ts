import assert from 'node:assert/strict';
import { paymentEndpoints } from '../../services/paymentworker/endpoints.ts';
import type { PaymentService } from '../../services/paymentworker/service.ts';
import { reviewEndpoints } from '../../services/reviewworker/endpoints.ts';
import type { ReviewService } from '../../services/reviewworker/service.ts';
import { answeredTypes } from '../../shared/contracts/answered-types.ts';
import { eventTypes, orderEventCodec } from '../../shared/contracts/events.ts';
import { durables, READ_MODEL, READ_MODEL_B } from '../../shared/contracts/subjects.ts';
import { createMemoryEventStore } from '../../shared/eventstore/memory/memory-event-store.ts';
import { background } from '../../shared/kit/context.ts';
import { nop } from '../../shared/kit/endpoint.ts';
import { anEvent } from '../../shared/testing/an-event.ts';
import { plain } from '../paint.ts';
import { readConsumers } from './read-consumers.ts';
import { renderConsumers } from './render-consumers.ts';

const ctx = background();

/** A log of these types, in which every consumer is at `places`. */
async function log(types: readonly string[], places: Readonly<Record<string, bigint>>) {
  const store = createMemoryEventStore({ stream: 'ORDERS' });
  for (const [n, eventType] of types.entries()) {
    await store.append(ctx, { events: [anEvent({ eventType, aggregateId: `o-${n}` })] });
  }
  for (const [consumer, position] of Object.entries(places)) {
    await store.saveCheckpoint(ctx, { consumer, position, eventId: '', delivered: position + 1n });
  }
  return store;
}

describe('the consumers of the log', () => {
  it('are asked for what their workers answer', () => {
    const codec = orderEventCodec(2);
    const answers = {
      [durables.payment]: paymentEndpoints({} as PaymentService, codec, () => nop),
      [durables.review]: reviewEndpoints({} as ReviewService, codec, () => nop),
    };
    for (const [consumer, handles] of Object.entries(answers)) {
      assert.deepEqual([...(answeredTypes[consumer] ?? [])].sort(), Object.keys(handles).sort());
    }
  });

  it('wait for events of their own only, and followers for all', async () => {
    const { created, approved, paymentdebited } = eventTypes;
    const store = await log([created, paymentdebited, approved, created, approved], {
      [durables.payment]: 1n,
      [durables.review]: 2n,
      [durables.saga]: 3n,
    });
    const { log_head, consumers } = await readConsumers(ctx, store);
    assert.equal(log_head, 5);
    assert.deepEqual(
      consumers.map(({ consumer, position, waiting, in_flight }) => [
        ...[consumer, position],
        ...[waiting, in_flight],
      ]),
      [
        [durables.payment, 1, 1, 1],
        [durables.review, 2, 0, 1],
        [durables.saga, 3, 2, 1],
      ],
    );
    const since = consumers.map(({ waiting_since }) => waiting_since !== undefined);
    assert.deepEqual(since, [true, false, true]);
  });

  it('tell how many events they gave up, and show the table of the read model that lives', async () => {
    const store = await log([eventTypes.created], { [READ_MODEL]: 0n, [READ_MODEL_B]: 1n });
    const [event = assert.fail()] = (await store.read(ctx, { limit: 1 })).events;
    await store.park(ctx, {
      ...{ consumer: READ_MODEL_B, position: 1n, eventId: event.eventId, deliveries: 1 },
      ...{ reason: 'unreadable', lastError: '', traceparent: '' },
    });
    const places = await store.listCheckpoints(ctx);
    const moved = (consumer: string) => new Date(consumer === READ_MODEL_B ? 2_000 : 1_000);
    const { consumers } = await readConsumers(ctx, {
      ...store,
      listCheckpoints: async () =>
        places.map((place) => ({ ...place, updatedAt: moved(place.consumer) })),
    });
    assert.deepEqual(
      consumers.map(({ consumer, parked }) => [consumer, parked]),
      [[READ_MODEL_B, 1]],
    );
  });

  it('are a table for people, in which a late one says for how long', () => {
    const now = new Date('2026-01-31T12:01:00Z');
    const moved_at = '2026-01-31T12:00:59Z';
    const idle = { position: 7, waiting: 0, in_flight: 0, moved_at, parked: 0 };
    const late = { position: 3, waiting: 4, in_flight: 2, moved_at, parked: 1 };
    const consumers = [
      { consumer: 'a', ...idle },
      { consumer: 'b', ...late, waiting_since: '2026-01-31T12:00:00Z' },
    ];
    assert.equal(
      renderConsumers({ log_head: 7, consumers }, now, plain),
      `the log ends at 7
consumer  position  waiting  for    in flight  parked  moved
a         7         0        –      0          0       1 s ago
b         3         4        1 min  2          1       1 s ago`,
    );
  });
});
