import assert from 'node:assert/strict';
import { background } from '../../kit/context.ts';
import { CodedError } from '../../kit/errors.ts';
import { anEvent } from '../../testing/an-event.ts';
import type { EventFilter, EventStore } from '../event-store.ts';
import { createMemoryEventStore } from '../memory/memory-event-store.ts';
import { loggedEvents } from './logged-events.ts';

const ctx = background();

describe('events of the log by position', () => {
  let log: EventStore;
  let readings: EventFilter[];
  let counting: Pick<EventStore, 'read'>;

  beforeEach(async () => {
    log = createMemoryEventStore({ stream: 'PARCELS' });
    for (let n = 0; n < 1_200; n++) await log.append(ctx, { events: [anEvent({ data: `${n}` })] });
    readings = [];
    counting = {
      read: (context, { limit, ...filter }) => {
        readings.push(filter);
        return log.read(context, { ...filter, limit });
      },
    };
  });

  it('what is asked for together, or while a reading is under way, shares a reading', async () => {
    const gate = Promise.withResolvers<void>();
    const logged = loggedEvents({
      read: async (...args) => {
        const page = counting.read(...args);
        if (readings.length === 1) await gate.promise;
        return page;
      },
    });
    const first = [logged.at(1n), logged.at(2n), logged.at(2n)];
    await new Promise((resolve) => setImmediate(resolve));
    const later = [logged.at(9n), logged.at(7n)];
    gate.resolve();
    const found = await Promise.all([...first, ...later]);
    assert.deepEqual(
      found.map((event) => event?.position),
      [1n, 2n, 2n, 9n, 7n],
    );
    assert.deepEqual(
      readings.map(({ positions }) => positions),
      [
        [1n, 2n],
        [9n, 7n],
      ],
    );
  });

  it('there is nothing where the log has nothing yet, and it is asked again each time', async () => {
    const logged = loggedEvents(counting);
    assert.equal(await logged.at(1_201n), undefined);
    await log.append(ctx, { events: [anEvent({ data: '"new"' })] });
    assert.equal((await logged.at(1_201n))?.data, '"new"');
  });

  it('any number may be asked for at once, and large events come in several pages', async () => {
    const logged = loggedEvents({
      read: (context, { limit, ...filter }) =>
        counting.read(context, { ...filter, limit: Math.min(limit, 100) }),
    });
    const positions = Array.from({ length: 1_200 }, (_, n) => BigInt(n + 1));
    const answered: bigint[] = [];
    const found = await Promise.all(
      positions.map(async (position) => {
        const event = await logged.at(position);
        answered.push(position);
        return event;
      }),
    );
    assert.deepEqual(
      found.map((event) => event?.position),
      positions,
    );
    assert.deepEqual(answered, positions, 'answers come in the order of the asking');
    assert.ok(readings.every((filter) => (filter.positions?.length ?? 0) <= 500));
  });

  it('a log that is away for a moment is asked again; one that stays away is told to all who wait', async () => {
    let failures = 1;
    const logged = loggedEvents({
      read: async (...args) => {
        if (failures-- > 0) throw new CodedError('unavailable', 'away', 'It is away.');
        return counting.read(...args);
      },
    });
    assert.equal((await logged.at(3n))?.position, 3n);
    failures = 3;
    const results = await Promise.allSettled([logged.at(1n), logged.at(2n)]);
    assert.deepEqual(
      results.map((result) => result.status === 'rejected' && result.reason.code),
      ['away', 'away'],
    );
    assert.equal((await logged.at(1n))?.position, 1n);
  });
});
