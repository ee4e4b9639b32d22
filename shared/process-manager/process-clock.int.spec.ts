/** A process with nothing around it but its table: what its author gets from the frame. */
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { testPostgres } from '../../stack/testing.ts';
import type { EventStore } from '../eventstore/event-store.ts';
import { createMemoryEventStore } from '../eventstore/memory/memory-event-store.ts';
import { background } from '../kit/context.ts';
import { silentLogger } from '../kit/logger.ts';
import type { Component } from '../kit/process/lifecycle.ts';
import { createDatabase, type Database } from '../kit/sql/database.ts';
import { migrate } from '../kit/sql/migrations.ts';
import { eventually } from '../testing/eventually.ts';
import { type HoldEvent, holdEvents, holdProcess } from '../testing/room-hold.ts';
import { type Deadlines, sqlDeadlines } from './deadlines.ts';
import { groupedWrites } from './grouped-writes.ts';
import { processClock } from './process-clock.ts';
import { processManager } from './process-manager.ts';

const ctx = background();
const consumer = 'bookings';

describe('a process and its clock', function suite() {
  this.timeout(30_000);
  let database: Database;
  let deadlines: Deadlines<keyof typeof holdProcess.deadlines>;
  let store: EventStore;
  let clock: Component;
  let askedBroker: readonly string[];
  let follow: (type: HoldEvent['type']) => Promise<void>;

  beforeEach(async () => {
    const url = await (await testPostgres()).createDatabase();
    await migrate({ url, folder: join(import.meta.dirname, 'migrations'), logger: silentLogger });
    database = createDatabase({
      url,
      name: 'bookings',
      poolSize: 2,
      queryTimeoutMs: 5_000,
      logger: silentLogger,
    });
    deadlines = sqlDeadlines(database);
    // Fifty minutes ago: all that is awaited since then is due, and nothing at its ceiling.
    store = createMemoryEventStore({
      stream: 'BOOKINGS',
      now: () => new Date(Date.now() - 3_000_000),
    });
    const manager = processManager(holdProcess, store, groupedWrites(deadlines));
    follow = async (type) => {
      const [event] = holdEvents(type);
      assert.ok(event);
      const { position } = await store.append(ctx, { events: [{ ...event, eventId: type }] });
      const { events } = await store.read(ctx, { afterPosition: position - 1n, limit: 1 });
      assert.ok(events[0]);
      await manager.follow(ctx, events[0]);
    };
    askedBroker = [];
    clock = processClock(holdProcess, (context, deadline) => manager.fire(context, deadline), {
      deadlines,
      store,
      consumer,
      broker: async (consumers) => {
        askedBroker = consumers;
      },
      continued: (context) => context,
      maxFiring: 4,
      pollMs: 20,
      logger: silentLogger,
    });
    await clock.start?.();
  });
  afterEach(async () => {
    await clock.stop?.();
    await database.stop();
  });

  const types = async () =>
    (await store.readAggregate(ctx, { aggregateType: 'booking', aggregateId: 'booking-1' })).map(
      ({ eventType }) => eventType.slice(9),
    );
  const delivered = (to: string, position: bigint) =>
    store.saveCheckpoint(ctx, { consumer: to, position: 0n, eventId: '', delivered: position });

  it('a hold expires once its consumer has read the log so far', async () => {
    await follow('held');
    await eventually('it holds', () => clock.degraded?.() !== undefined);
    assert.deepEqual(await types(), ['held']);
    await delivered(consumer, 1n);
    await eventually('it expires', async () => (await types()).at(-1) === 'expired');
    await eventually('its row goes', async () => (await deadlines.upcoming(ctx, 1)).length === 0);
  });

  it('a request whose worker did not get it yet is put off, and not ended', async () => {
    await follow('requested');
    await delivered(consumer, 1n);
    const row = await eventually('it is put off', async () => {
      const [first] = await deadlines.upcoming(ctx, 1);
      return first !== undefined && first.dueInMs > 0 && first;
    });
    assert.ok(row.dueInMs <= 60_000, `${row.dueInMs}`);
    assert.deepEqual([row.kind, row.attempts, await types()], ['answer', 0, ['requested']]);
    assert.deepEqual(askedBroker, ['hotel', 'bank']);
  });
});
