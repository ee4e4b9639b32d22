import assert from 'node:assert/strict';
import { setImmediate as soon } from 'node:timers/promises';
import fc from 'fast-check';
import { background, withSignal } from '../../kit/context.ts';
import { CodedError } from '../../kit/errors.ts';
import { anEvent } from '../../testing/an-event.ts';
import { eventually } from '../../testing/eventually.ts';
import type { EventStore, RecordedEvent, StreamRequest } from '../event-store.ts';
import { createMemoryEventStore } from '../memory/memory-event-store.ts';
import { createSharedReading, inSharedReading } from './shared-reading.ts';

/** A log in memory that counts who reads it now, and can be told to fail. */
function observedLog() {
  const log = createMemoryEventStore({ stream: 'PARCELS' });
  const state = { open: 0, opened: 0, failure: undefined as Error | undefined };
  const batches: EventStore['batches'] = async (ctx, request) => {
    const source = await log.batches(ctx, request);
    state.opened++;
    return (async function* counted() {
      state.open++;
      try {
        for await (const events of source) {
          if (state.failure !== undefined) throw state.failure;
          yield events;
        }
      } finally {
        state.open--;
      }
    })();
  };
  let count = 0;
  const append = async (events: number) => {
    for (let n = 0; n < events; n++) {
      await log.append(background(), {
        events: [anEvent({ aggregateType: 'parcel', aggregateId: `a-${count++ % 5}` })],
      });
    }
  };
  return { state, append, head: () => log.head(background()), store: { ...log, batches } };
}

/** Follows until it is stopped; `events` grows meanwhile. */
function follower(store: EventStore, request: StreamRequest = {}, pause = async () => {}) {
  const stopping = new AbortController();
  const events: RecordedEvent[] = [];
  const done = (async () => {
    const ctx = withSignal(background(), stopping.signal);
    for await (const batch of await store.batches(ctx, { follow: true, ...request })) {
      events.push(...batch);
      await pause();
    }
  })().catch((error: unknown) => {
    if (!stopping.signal.aborted) throw error;
  });
  const stop = async () => {
    stopping.abort();
    await done;
  };
  return { events, done, stop };
}

const positions = (events: readonly RecordedEvent[]) =>
  events.map(({ position }) => Number(position));
const range = (from: number, to: number) =>
  Array.from({ length: Math.max(0, to - from + 1) }, (_, n) => from + n);

describe('a shared reading of the log', () => {
  it('is one reading for followers at the same place, and ends with the last of them', async () => {
    const { store, state, append } = observedLog();
    const shared = inSharedReading(store, createSharedReading());
    const both = [follower(shared), follower(shared)];
    await append(20);
    await eventually('both have all', () => both.every(({ events }) => events.length === 20));
    await append(5);
    await eventually('and what comes', () => both.every(({ events }) => events.length === 25));
    assert.equal(state.open, 1);
    for (const { events } of both) assert.deepEqual(positions(events), range(1, 25));
    await both[0]?.stop();
    assert.equal(state.open, 1, 'the other still follows');
    await both[1]?.stop();
    await eventually('nobody reads', () => state.open === 0);
  });

  it('each gets exactly the log after its place, in order, whatever the others do', async () => {
    const someone = fc.record({
      after: fc.nat(30),
      /** Turns of the event loop that it takes for a batch. */
      slow: fc.nat(6),
      joinsAt: fc.nat(40),
    });
    await fc.assert(
      fc.asyncProperty(
        fc.array(someone, { minLength: 1, maxLength: 4 }),
        fc.integer({ min: 1, max: 8 }),
        async (people, most) => {
          const { store, state, append } = observedLog();
          const shared = inSharedReading(store, createSharedReading({ most }));
          await append(30);
          const all = people.map((person) => ({
            ...person,
            it: undefined as ReturnType<typeof follower> | undefined,
          }));
          for (let step = 0; step < 40; step++) {
            for (const one of all) {
              if (one.joinsAt !== step) continue;
              one.it = follower(shared, { afterPosition: BigInt(one.after) }, async () => {
                for (let turn = 0; turn < one.slow; turn++) await soon();
              });
            }
            await append(1);
            if (step % 3 === 0) await soon();
          }
          for (const one of all) {
            one.it ??= follower(shared, { afterPosition: BigInt(one.after) });
          }
          await eventually('all have come to the head', () =>
            all.every(({ it, after }) => it?.events.length === 70 - after),
          );
          for (const { it, after } of all) {
            assert.deepEqual(positions(it?.events ?? []), range(after + 1, 70));
          }
          await Promise.all(all.map(({ it }) => it?.stop()));
          await eventually('nobody reads', () => state.open === 0);
        },
      ),
      { numRuns: 60 },
    );
  });

  it('one that stops taking slows nobody, and has all when it goes on', async () => {
    const { store, append } = observedLog();
    const shared = inSharedReading(store, createSharedReading({ most: 10 }));
    const { promise: rested, resolve: goOn } = Promise.withResolvers<void>();
    const slow = follower(shared, {}, () => rested);
    const quick = follower(shared);
    await append(100);
    await eventually('the quick one has all', () => quick.events.length === 100);
    goOn();
    await eventually('so has the slow one', () => slow.events.length === 100);
    assert.deepEqual(positions(slow.events), range(1, 100));
    await Promise.all([slow.stop(), quick.stop()]);
  });

  it('holds a bounded number of events, however slow all are', async () => {
    const { store, append } = observedLog();
    let taken = 0;
    const counted: EventStore['batches'] = async (ctx, request) => {
      const source = await store.batches(ctx, request);
      return (async function* counted() {
        for await (const events of source) {
          for (const event of events) {
            taken++;
            yield [event];
          }
        }
      })();
    };
    await append(50);
    const shared = inSharedReading(
      { ...store, batches: counted },
      createSharedReading({ most: 5 }),
    );
    const { promise: rested, resolve: goOn } = Promise.withResolvers<void>();
    const slow = follower(shared, {}, () => rested);
    await eventually('it has begun', () => slow.events.length > 0);
    for (let turn = 0; turn < 20; turn++) await soon();
    assert.ok(taken <= 3, `${taken} were taken from the log`);
    goOn();
    await eventually('it has all', () => slow.events.length === 50);
    await slow.stop();
  });

  it('keeps each follower’s filter of types, and lets other filters read alone', async () => {
    const { store, state, append } = observedLog();
    const shared = inSharedReading(store, createSharedReading());
    await append(4);
    const none = follower(shared, { eventTypes: ['PARCELS.none'] });
    const all = follower(shared, { aggregateType: 'parcel' });
    const one = follower(shared, { aggregateId: 'a-1' });
    await eventually('they have theirs', () => all.events.length === 4 && one.events.length === 1);
    assert.deepEqual(none.events, []);
    assert.equal(state.open, 2);
    await Promise.all([none, all, one].map((each) => each.stop()));
  });

  it('each follower meets a failure, as in a read of its own', async () => {
    const { store, state, append } = observedLog();
    const shared = inSharedReading(store, createSharedReading());
    const both = [follower(shared), follower(shared)];
    await append(1);
    await eventually('both follow', () => both.every(({ events }) => events.length === 1));
    state.failure = new CodedError('invalid', 'log_moved_back', 'The log went back.');
    await append(1);
    for (const { done } of both) await assert.rejects(done, /The log went back/);
    assert.equal(state.open, 0);
  });

  it('a place that the log does not have is refused to who asks, and ends no other', async () => {
    const { store, append } = observedLog();
    const shared = inSharedReading(store, createSharedReading());
    const other = follower(shared);
    await append(3);
    await eventually('it has all', () => other.events.length === 3);
    const strange = follower(shared, { afterPosition: 2n, afterEventId: 'of another log' });
    await assert.rejects(strange.done);
    await append(1);
    await eventually('the other goes on', () => other.events.length === 4);
    await other.stop();
  });

  it('answers for positions that it has read lately, and asks the log for all others', async () => {
    const { store, append } = observedLog();
    let reads = 0;
    const counting: typeof store = {
      ...store,
      read: (...args) => {
        reads++;
        return store.read(...args);
      },
    };
    const shared = inSharedReading(counting, createSharedReading({ most: 8 }));
    const ctx = background();
    const read = (...wanted: number[]) =>
      shared.read(ctx, { positions: wanted.map(BigInt), limit: 10 });
    await append(3);
    assert.deepEqual(positions((await read(2)).events), [2]);
    assert.equal(reads, 1, 'nobody follows yet');
    const following = follower(shared);
    for (let n = 0; n < 4; n++) {
      await append(5);
      await eventually('all are read', () => following.events.length === 8 + 5 * n);
    }
    assert.deepEqual(
      await read(23, 21, 23),
      await store.read(ctx, { positions: [21n, 23n], limit: 10 }),
    );
    assert.equal(reads, 1);
    assert.deepEqual(positions((await read(2, 23)).events), [2, 23], 'one was read long ago');
    assert.deepEqual(positions((await read(24)).events), [], 'there is none yet');
    await shared.read(ctx, { positions: [23n], eventTypes: ['other'], limit: 10 });
    assert.equal(reads, 4, 'a filter is for the log');
    await following.stop();
    await eventually('the reading ends', async () => {
      await read(23);
      return reads > 4;
    });
  });

  it('remembers an aggregate from its first event on, and no part of one', async () => {
    const { store, append } = observedLog();
    const shared = inSharedReading(store, createSharedReading({ most: 10 }));
    const recent = (aggregateId: string) => {
      const events = shared.recentAggregate?.({ aggregateType: 'parcel', aggregateId });
      return events && positions(events);
    };
    const following = follower(shared);
    await append(5);
    await eventually('five are read', () => following.events.length === 5);
    await append(5);
    await eventually('all are read', () => following.events.length === 10);
    assert.deepEqual(recent('a-1'), [2, 7]);
    assert.equal(recent('a-9'), undefined);
    await append(3);
    await eventually('more are read', () => following.events.length === 13);
    assert.equal(recent('a-1'), undefined, 'its first event was dropped');
    assert.deepEqual(recent('a-4'), [5, 10]);
    await following.stop();
  });
});
