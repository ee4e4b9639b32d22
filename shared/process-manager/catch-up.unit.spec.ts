import assert from 'node:assert/strict';
import type { EventStore } from '../eventstore/event-store.ts';
import { createMemoryEventStore } from '../eventstore/memory/memory-event-store.ts';
import { background } from '../kit/context.ts';
import { anEvent } from '../testing/an-event.ts';
import { catchUp } from './catch-up.ts';

const ctx = background();
const consumer = 'bookings';
const types = ['BOOKINGS.requested', 'BOOKINGS.held'];

describe('catching up with the log', () => {
  let store: EventStore;
  let clock: number;
  beforeEach(() => {
    clock = 0;
    store = createMemoryEventStore({ stream: 'BOOKINGS', now: () => new Date(clock) });
  });
  async function append(eventType: string, at: number): Promise<void> {
    clock = at;
    await store.append(ctx, { events: [anEvent({ eventType })] });
  }
  const delivered = (position: bigint) =>
    store.saveCheckpoint(ctx, { consumer, position: 0n, eventId: '', delivered: position });
  const readUntil = () => catchUp(store, consumer, types).readUntil(ctx);

  it('an empty log is read', async () => {
    assert.equal(await readUntil(), Number.POSITIVE_INFINITY);
  });

  it('it has read until the first event that it was not given yet', async () => {
    await append('BOOKINGS.requested', 1_000);
    await append('BOOKINGS.held', 2_000);
    assert.equal(await readUntil(), 1_000);
    await delivered(1n);
    assert.equal(await readUntil(), 2_000);
    await delivered(2n);
    assert.equal(await readUntil(), Number.POSITIVE_INFINITY);
  });

  it('events of types that it never gets are not waited for', async () => {
    await append('BOOKINGS.requested', 1_000);
    await append('BOOKINGS.other', 2_000);
    await delivered(1n);
    assert.equal(await readUntil(), Number.POSITIVE_INFINITY);
  });

  it('it is judged each time: who was up to date may lag again', async () => {
    const caught = catchUp(store, consumer, types);
    assert.equal(await caught.readUntil(ctx), Number.POSITIVE_INFINITY);
    await append('BOOKINGS.requested', 3_000);
    assert.equal(await caught.readUntil(ctx), 3_000);
  });
});
