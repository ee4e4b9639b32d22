import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { fileURLToPath } from 'node:url';
import postgres from 'postgres';
import type { ParkedLetter } from '../../shared/eventstore/dead-letters.ts';
import type { EventStore, ServedEventStore } from '../../shared/eventstore/event-store.ts';
import { background } from '../../shared/kit/context.ts';
import { silentLogger } from '../../shared/kit/logger.ts';
import { createDatabase, type Database } from '../../shared/kit/sql/database.ts';
import { migrate } from '../../shared/kit/sql/migrations.ts';
import { anEvent } from '../../shared/testing/an-event.ts';
import { eventStoreContract } from '../../shared/testing/event-store-contract.ts';
import { eventually } from '../../shared/testing/eventually.ts';
import { testPostgres } from '../../stack/testing.ts';
import { checkingService } from './checking.ts';
import { createCheckpoints } from './consumers/sql-checkpoints.ts';
import { createDeadLetters } from './consumers/sql-letters.ts';
import { createGroupCommit } from './log/group-commit.ts';
import { createLiveHead } from './log/live-head.ts';
import { createLogCurrency } from './log/log-currency.ts';
import { APPENDING } from './log/sql-append.ts';
import { createEventLog } from './log/sql-log.ts';
import { createTail } from './log/tail.ts';
import { createReaders, createService } from './service.ts';

const folder = fileURLToPath(new URL('migrations', import.meta.url));

const CONNECTIONS = 4;

for (const isolation of ['read committed', 'serializable'] as const) {
  describe(`the event store on SQL, ${isolation}`, () => {
    const databases: Database[] = [];
    const stores: ServedEventStore[] = [];
    let url: string;

    before(async () => {
      url = await (await testPostgres()).createDatabase();
      await migrate({ url, folder, logger: silentLogger });
      // Two processes on one log: every second call goes to the other.
      for (const name of ['one', 'two']) {
        const options = { url, name, queryTimeoutMs: 5_000, logger: silentLogger, isolation };
        const database = createDatabase({ ...options, poolSize: CONNECTIONS });
        const appends = createDatabase({ ...options, ...APPENDING });
        const tail = createTail();
        const log = createEventLog(database, appends, 'ORDERS', undefined, tail);
        const live = createLiveHead(log.head);
        databases.push(database, appends);
        const service = createService(
          log,
          createGroupCommit(log, silentLogger, live.advanced),
          createCheckpoints(database, 'ORDERS'),
          createDeadLetters(database, 'ORDERS'),
          // As if all were published.
          () => 1_000_000n,
          live,
          { admit: () => undefined, refuse: () => undefined },
          createLogCurrency(database, 'ORDERS'),
          createReaders(CONNECTIONS),
          tail,
        );
        stores.push(checkingService(service, { stream: 'ORDERS', maxDataBytes: 100_000 }));
      }
    });

    after(() => Promise.all(databases.map((database) => database.stop())));

    describe('many aggregates in one answer', () => {
      const ctx = background();
      const append = async (count: number, data = '{}') => {
        const aggregateId = randomUUID();
        for (let version = 0; version < count; version += 50) {
          const events = Array.from({ length: Math.min(50, count - version) }, () =>
            anEvent({ aggregateId, data }),
          );
          await stores[0]?.append(ctx, { events, expectedVersion: BigInt(version) });
        }
        return { aggregateType: 'order', aggregateId };
      };
      const read = async (...aggregates: { aggregateType: string; aggregateId: string }[]) =>
        (await stores[1]?.readAggregates(ctx, aggregates))?.map((events) => events?.length);

      it('are whole or not there: one of too many events, or too large, is read alone', async () => {
        const most = await append(256);
        const tooMany = await append(257);
        const large = await append(5, JSON.stringify('x'.repeat(99_000)));
        const tooLarge = await append(6, JSON.stringify('x'.repeat(99_000)));
        const unknown = { aggregateType: 'order', aggregateId: randomUUID() };
        assert.deepEqual(await read(tooMany, most, unknown, tooLarge, large, most), [
          undefined,
          256,
          0,
          undefined,
          5,
          256,
        ]);
      });

      it('beyond what fits an answer they are read in the next', async () => {
        const large = await Promise.all(
          Array.from({ length: 6 }, () => append(5, JSON.stringify('x'.repeat(99_000)))),
        );
        assert.deepEqual(await read(...large), [5, 5, 5, 5, undefined, undefined]);
        const many = await Promise.all(Array.from({ length: 9 }, () => append(250)));
        assert.deepEqual(await read(...many), [...Array(8).fill(250), undefined]);
      });
    });

    it('a replay that two processes take in the same moment is handed to one of them', async () => {
      const ctx = background();
      const consumer = `worker-${randomUUID()}`;
      const [one] = stores;
      assert.ok(one);
      await one.append(ctx, { events: [anEvent()] });
      await one.park(ctx, {
        consumer,
        position: 1n,
        eventId: 'e-1',
        reason: 'gateway_away',
        lastError: '',
        deliveries: 1,
        traceparent: '',
      });
      await one.requestReplay(ctx, { consumer, position: 1n });
      const sql = postgres(url, { max: 2 });
      try {
        let takes: Promise<readonly (readonly ParkedLetter[])[]> | undefined;
        await sql.begin(async (holding) => {
          await holding`select 1 from dead_letters where consumer = ${consumer} for update`;
          takes = Promise.all(
            stores.map((store) => store.takeReplays(ctx, { consumer, limit: 10 })),
          );
          // Both have found it, and wait for its row.
          await eventually('both wait', async () => {
            const [{ waiting } = { waiting: 0 }] = await sql<{ waiting: number }[]>`
              select count(*)::int4 as waiting from pg_stat_activity
              where wait_event_type = 'Lock' and query like '%dead_letters%replay_takes + 1%'`;
            return waiting === 2;
          });
        });
        assert.equal((await takes)?.flat().length, 1);
      } finally {
        await sql.end();
      }
    });

    describe('a replay that nobody settled', () => {
      const ctx = background();
      const consumer = `worker-${randomUUID()}`;
      const take = () => stores[0]?.takeReplays(ctx, { consumer, limit: 10 }) ?? [];
      const minuteLater = () =>
        databases[0]?.query(
          ctx,
          (sql) => sql`
            update dead_letters
            set replay_leased_until = replay_leased_until - interval '61 seconds'
            where consumer = ${consumer}::text`,
        );

      it('is handed out again after a minute, five times in all, and then counts as parked', async () => {
        const [store] = stores;
        assert.ok(store);
        await store.append(ctx, { events: [anEvent()] });
        await store.park(ctx, {
          consumer,
          position: 1n,
          eventId: 'e-1',
          reason: 'gateway_away',
          lastError: '',
          deliveries: 1,
          traceparent: '',
        });
        await store.requestReplay(ctx, { consumer, position: 1n });
        for (let n = 1; n <= 5; n++) {
          assert.equal((await take()).length, 1, `the time ${n}`);
          assert.equal((await take()).length, 0, `leased, the time ${n}`);
          const [letter] = await store.deadLetters(ctx, { consumer, state: 'requested', limit: 1 });
          assert.equal(letter?.replays, n);
          await minuteLater();
        }
        assert.equal((await take()).length, 0);
        const [letter] = await store.deadLetters(ctx, { consumer, limit: 1 });
        assert.deepEqual([letter?.state, letter?.replays], ['parked', 5]);
        const waiting = async () => {
          assert.ok(databases[0]);
          return (await createDeadLetters(databases[0], 'ORDERS').countParked(ctx)).get(consumer);
        };
        assert.equal(await waiting(), 1);
        assert.equal(
          (await store.requestReplay(ctx, { consumer, position: 1n })).state,
          'requested',
        );
        assert.equal(await waiting(), undefined);
        assert.equal((await take()).length, 1, 'requested again');
      });
    });

    describe('replays that two instances take at once', () => {
      it('are taken by one of them: who waited for the other looks again', async () => {
        const ctx = background();
        const consumer = `worker-${randomUUID()}`;
        const [store] = stores;
        assert.ok(store);
        for (const position of [1n, 2n]) {
          await store.append(ctx, { events: [anEvent()] });
          await store.park(ctx, {
            consumer,
            position,
            eventId: `e-${position}`,
            reason: 'gateway_away',
            lastError: '',
            deliveries: 1,
            traceparent: '',
          });
          await store.requestReplay(ctx, { consumer, position });
        }
        const other = postgres(url, { max: 1, onnotice: () => undefined });
        try {
          const taken = Promise.withResolvers<void>();
          const commit = Promise.withResolvers<void>();
          const taking = other.begin(async (sql) => {
            await sql`
              update dead_letters
              set replay_leased_until = now() + interval '1 minute', replay_takes = 1
              where consumer = ${consumer} and position = 1`;
            taken.resolve();
            await commit.promise;
          });
          await taken.promise;
          const left = store.takeReplays(ctx, { consumer, limit: 10 });
          const looking = postgres(url, { max: 1 });
          await eventually('it waits for the row', async () => {
            const rows = await looking`
              select 1 from pg_stat_activity
              where wait_event_type = 'Lock' and datname = current_database()`;
            return rows.length > 0;
          }).finally(() => looking.end());
          commit.resolve();
          await taking;
          assert.deepEqual(
            (await left).map(({ position }) => position),
            [2n],
          );
        } finally {
          await other.end({ timeout: 5 });
        }
      });
    });

    let turn = 0;
    eventStoreContract(() => stores[turn++ % stores.length] as EventStore);
  });
}
