import assert from 'node:assert/strict';
import fc from 'fast-check';
import type { EventFilter, RecordedEvent } from '../../../shared/eventstore/event-store.ts';
import { anEvent } from '../../../shared/testing/an-event.ts';
import { PAGE_BYTES } from './read/log-page.ts';
import { createTail, matches } from './tail.ts';

const eventAt = (position: number, overrides: Partial<RecordedEvent> = {}): RecordedEvent => ({
  ...anEvent(),
  stream: 'ORDERS',
  version: 1n,
  position: BigInt(position),
  createdAt: new Date(0),
  ...overrides,
});
const from = (first: number, count: number) =>
  Array.from({ length: count }, (_, index) => eventAt(first + index));
const positionsOf = (events: readonly RecordedEvent[] | undefined) =>
  events?.map(({ position }) => Number(position));

describe('the tail of the log in memory', () => {
  it('gives what comes right after a position, and stops at the first gap', () => {
    const tail = createTail();
    tail.add(from(11, 3), 0);
    tail.add(from(15, 2), 0);
    assert.deepEqual(positionsOf(tail.after(10n, 10)), [11, 12, 13]);
    assert.deepEqual(positionsOf(tail.after(11n, 1)), [12]);
    for (const before of [0n, 9n, 13n, 16n]) assert.deepEqual(tail.after(before, 10), []);
    assert.equal(tail.last(), 16n);
    // What another batch wrote in between was answered later.
    tail.add(from(14, 1), 0);
    assert.deepEqual(positionsOf(tail.after(12n, 10)), [13, 14, 15, 16]);
  });

  it('answers for positions only if it has them all', () => {
    const tail = createTail();
    const events = [eventAt(3), eventAt(4, { eventType: 'ORDERS.approved' }), eventAt(6)];
    tail.add(events, 0);
    const page = (filter: EventFilter, limit = 10) => {
      const found = tail.page(filter, limit);
      return found && [positionsOf(found.events), found.more];
    };
    assert.deepEqual(page({ positions: [6n, 3n, 6n] }), [[3, 6], false]);
    assert.deepEqual(page({ positions: [6n, 4n, 3n] }, 2), [[3, 4], true]);
    assert.equal(page({ positions: [3n, 5n] }), undefined);
    assert.deepEqual(page({ positions: [2n, 3n], afterPosition: 2n }), [[3], false]);
    const eventTypes = ['ORDERS.approved'];
    assert.deepEqual(page({ positions: [3n, 4n], eventTypes }), [[4], false]);
    assert.equal(page({}), undefined);
    assert.equal(page({ afterPosition: 2n }), undefined);
  });

  it('forgets everything when the log went back, and takes nothing that was committed before', () => {
    const tail = createTail();
    tail.add(from(1, 5), 0);
    const before = tail.generation();
    tail.clear();
    assert.deepEqual([tail.after(0n, 10), tail.last()], [[], 0n]);
    assert.equal(tail.page({ positions: [1n] }, 10), undefined);
    tail.add(from(6, 1), before);
    assert.deepEqual(tail.after(5n, 10), []);
    tail.add(from(3, 1), tail.generation());
    assert.deepEqual(positionsOf(tail.after(2n, 10)), [3]);
  });

  it('is bounded in number, in bytes and in age; the oldest go first', () => {
    let now = 0;
    const tail = createTail({ maxEvents: 3, maxBytes: 10_000, maxAgeMs: 100, now: () => now });
    tail.add(from(1, 5), 0);
    assert.deepEqual(positionsOf(tail.after(2n, 10)), [3, 4, 5]);
    assert.deepEqual(tail.after(1n, 10), []);
    tail.add([eventAt(6, { data: 'x'.repeat(8_000) })], 0);
    assert.deepEqual([tail.after(4n, 10), positionsOf(tail.after(5n, 10))], [[], [6]]);
    tail.add([eventAt(7, { data: 'x'.repeat(20_000) })], 0);
    assert.deepEqual([tail.after(5n, 10), tail.after(6n, 10), tail.last()], [[], [], 7n]);
    tail.add(from(8, 2), 0);
    now = 100;
    assert.deepEqual(tail.after(7n, 10), []);
    assert.equal(tail.page({ positions: [8n] }, 10), undefined);
  });

  it('what it gives at once is bounded by bytes', () => {
    const tail = createTail();
    const data = 'x'.repeat(PAGE_BYTES / 4);
    tail.add(
      from(1, 8).map((event) => ({ ...event, data })),
      0,
    );
    assert.deepEqual(positionsOf(tail.after(0n, 10)), [1, 2, 3, 4]);
    const positions = [1n, 2n, 3n, 4n, 5n, 6n];
    const page = tail.page({ positions }, 10);
    assert.deepEqual([positionsOf(page?.events), page?.more], [[1, 2, 3, 4], true]);
  });

  it('whatever is added in whatever order, a position holds what was added there, and no gap is passed', () => {
    const added = fc.record({ first: fc.integer({ min: 1, max: 30 }), count: fc.nat(6) });
    fc.assert(
      fc.property(fc.array(added), fc.integer({ min: 1, max: 20 }), (batches, maxEvents) => {
        const tail = createTail({ maxEvents });
        const log = new Map(from(1, 40).map((event) => [event.position, event]));
        for (const { first, count } of batches) {
          const batch = Array.from({ length: count }, (_, n) => log.get(BigInt(first + n)));
          tail.add(batch as RecordedEvent[], 0);
        }
        let held = 0;
        for (let after = 0n; after < 40n; after++) {
          const events = tail.after(after, 100);
          for (const [index, event] of events.entries()) {
            assert.equal(event, log.get(after + BigInt(index) + 1n));
          }
          if (events.length > 0) held++;
        }
        assert.ok(held <= maxEvents);
      }),
    );
  });

  it('a filter selects what it names, all together', () => {
    const event = eventAt(5, { aggregateId: 'a', aggregateType: 'order', eventId: 'e' });
    const filters: [EventFilter, boolean][] = [
      [{}, true],
      [{ eventTypes: [], positions: [] }, true],
      [{ eventId: 'e', aggregateId: 'a', aggregateType: 'order', positions: [5n] }, true],
      [{ eventTypes: ['ORDERS.paid', 'ORDERS.created'] }, true],
      [{ eventTypes: ['ORDERS.paid'] }, false],
      [{ aggregateId: 'a', aggregateType: 'parcel' }, false],
      [{ aggregateId: 'b' }, false],
      [{ eventId: 'f' }, false],
      [{ positions: [4n] }, false],
    ];
    for (const [filter, expected] of filters) assert.equal(matches(event, filter), expected);
  });
});
