import assert from 'node:assert/strict';
import { ORDERS_STREAM } from '../../shared/contracts/subjects.ts';
import type { EventStore } from '../../shared/eventstore/event-store.ts';
import { createMemoryEventStore } from '../../shared/eventstore/memory-event-store.ts';
import { background } from '../../shared/kit/context.ts';
import { anEvent } from '../../shared/testing/events.ts';
import { catchUp } from './catch-up.ts';

const ctx = background();
const consumer = 'saga-coordinator';
const types = ['ORDERS.created', 'ORDERS.paymentdebited'];

describe('catching up with the log', () => {
  let store: EventStore;
  beforeEach(() => {
    store = createMemoryEventStore({ stream: ORDERS_STREAM });
  });
  const doneUpTo = (position: bigint) =>
    store.saveCheckpoint(ctx, consumer, { position, eventId: '', delivered: position });
  const append = (eventType: string) => store.append(ctx, [anEvent({ eventType })]);

  it('an empty log is read', async () => {
    assert.equal(await catchUp(store, consumer, types).reached(ctx), true);
  });

  it('is reached when the consumer is done with the head as it was at the start', async () => {
    await append('ORDERS.created');
    await append('ORDERS.paymentdebited');
    const caught = catchUp(store, consumer, types);
    assert.equal(await caught.reached(ctx), false);
    assert.match(caught.notReady() ?? '', /deadlines hold: the log is read up to 0 of 2/);
    await append('ORDERS.created');
    await doneUpTo(1n);
    assert.equal(await caught.reached(ctx), false);
    await doneUpTo(2n);
    assert.equal(await caught.reached(ctx), true);
    assert.equal(caught.notReady(), undefined);
  });

  it('events of types that the consumer never gets are not waited for', async () => {
    await append('ORDERS.created');
    await append('ORDERS.paymentvoided');
    await doneUpTo(1n);
    assert.equal(await catchUp(store, consumer, types).reached(ctx), true);
  });

  it('once reached it stays so', async () => {
    const caught = catchUp(store, consumer, types);
    await caught.reached(ctx);
    await append('ORDERS.created');
    assert.equal(await caught.reached(ctx), true);
  });
});
