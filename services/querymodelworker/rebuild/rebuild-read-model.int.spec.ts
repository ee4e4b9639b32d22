import assert from 'node:assert/strict';
import { join } from 'node:path';
import { orderEventCodec } from '../../../shared/contracts/events.ts';
import {
  ORDER_AGGREGATE,
  ORDERS_STREAM,
  READ_MODEL,
  READ_MODEL_B,
} from '../../../shared/contracts/subjects.ts';
import type { OrderEvent } from '../../../shared/domain/order.ts';
import type { EventStore } from '../../../shared/eventstore/event-store.ts';
import { createMemoryEventStore } from '../../../shared/eventstore/memory/memory-event-store.ts';
import { background } from '../../../shared/kit/context.ts';
import { CodedError, codedError } from '../../../shared/kit/errors.ts';
import { silentLogger } from '../../../shared/kit/logger.ts';
import { createDatabase, type Database } from '../../../shared/kit/sql/database.ts';
import { migrate } from '../../../shared/kit/sql/migrations.ts';
import { minor } from '../../../shared/money/money.ts';
import { testPostgres } from '../../../stack/testing.ts';
import { createQueryModelService, type QueryModelService } from '../service.ts';
import { findLiveTable } from '../table/live-table.ts';
import { sqlReadModel } from '../table/read-model.ts';
import * as tables from '../table/rebuild-table.ts';
import { type RebuildOptions, rebuildReadModel } from './rebuild-read-model.ts';

const codec = orderEventCodec(2);
const ctx = background();

const created = (orderId: string, name = 'Soup'): OrderEvent => ({
  type: 'created',
  order: {
    orderId,
    customerId: `customer-${orderId.length}`,
    restaurantId: 'restaurant-1',
    amount: minor(1_250),
    createdOn: '2026-01-01T00:00:00.000Z',
    items: [{ code: 'a', name, unitPrice: minor(1_250), quantity: 1 }],
  },
});
const paid = (orderId: string): OrderEvent => ({
  type: 'paymentdebited',
  orderId,
  customerId: 'customer-1',
  amount: minor(1_250),
  paymentId: 'payment-1',
});
const approved = (orderId: string): OrderEvent => ({
  type: 'approved',
  orderId,
  decidedBy: 'policy',
});

for (const isolation of ['read committed', 'serializable'] as const) {
  describe(`a rebuild of the read model, ${isolation}`, function suite() {
    this.timeout(60_000);
    let database: Database;
    let log: EventStore;
    let service: QueryModelService;
    let orders: number;
    let events: number;

    beforeEach(async () => {
      const url = await (await testPostgres()).createDatabase();
      await migrate({
        url,
        folder: join(import.meta.dirname, '../migrations'),
        logger: silentLogger,
      });
      database = createDatabase({
        url,
        name: 'querymodelworker',
        poolSize: 4,
        queryTimeoutMs: 10_000,
        logger: silentLogger,
        isolation,
      });
      log = createMemoryEventStore({ stream: ORDERS_STREAM });
      service = createQueryModelService(sqlReadModel(database), codec);
      orders = 0;
      events = 0;
    });
    afterEach(() => database.stop());

    async function append(orderId: string, event: OrderEvent): Promise<void> {
      const entry = { ...codec.encode(event), aggregateId: orderId };
      const own = { eventId: `event-${++events}`, aggregateType: ORDER_AGGREGATE, metadata: {} };
      await log.append(ctx, { events: [{ ...entry, ...own }] });
    }

    /** That many orders, of which some go on; their events lie among one another. */
    async function place(count: number): Promise<void> {
      const ids = Array.from({ length: count }, () => `order-${++orders}`);
      for (const id of ids) await append(id, created(id));
      for (const [n, id] of ids.entries()) if (n % 3 > 0) await append(id, paid(id));
      for (const [n, id] of ids.entries()) if (n % 3 > 1) await append(id, approved(id));
    }

    /** What the live projection does. */
    async function project(): Promise<void> {
      for (;;) {
        const after = await service.checkpoint(ctx);
        const page = await log.read(ctx, { afterPosition: after, limit: 500 });
        if (page.events.length === 0) return;
        await service.project(ctx, { after, events: page.events });
      }
    }

    const rebuild = (options: Partial<RebuildOptions> = {}) =>
      rebuildReadModel(ctx, { log, database, codec, ...options });

    /** All rows of the live table. */
    async function rows() {
      const model = sqlReadModel(database);
      const ids = await model.orderIds(ctx, '', 10_000);
      return (await model.rows(ctx, ids)).rows;
    }

    const byHand = (statement: string) =>
      database.query<Record<string, string>>(ctx, (sql) => sql.unsafe(statement));

    const live = async () => (await findLiveTable(database, ctx))?.side;

    it('makes the rows that the projection made, and the projection goes on in the new table', async () => {
      await place(40);
      await project();
      const before = await rows();
      const rebuilt = await rebuild();
      assert.deepEqual(await rows(), before);
      assert.deepEqual(
        [rebuilt.table, rebuilt.position, rebuilt.events, rebuilt.resumedAt],
        ['orders_b', BigInt(events), events, 0n],
      );
      assert.deepEqual(rebuilt.comparison, {
        compared: 40,
        missing: 0,
        unfounded: 0,
        different: 0,
        notJudged: 0,
        listed: [],
      });
      await place(5);
      await project();
      assert.equal((await rows()).size, 45);
      // And back again, over what was left there.
      assert.equal((await rebuild()).table, 'orders');
      assert.equal((await rows()).size, 45);
      assert.equal(await service.checkpoint(ctx), BigInt(events));
    });

    it('says what was wrong, and it is right afterwards', async () => {
      await place(30);
      await project();
      const before = await rows();
      await byHand("delete from orders where order_id = 'order-1'");
      await byHand("update orders set status = 'Rejected' where order_id = 'order-3'");
      await byHand("update orders set version = 1, position = 2 where order_id = 'order-2'");
      await byHand(`
        insert into orders select 'nobody', customer_id, restaurant_id, status, payment,
          amount_minor, items, created_on, reason, version, position, created_at, updated_at
        from orders where order_id = 'order-5'`);
      const { comparison } = await rebuild();
      assert.deepEqual(
        [comparison?.missing, comparison?.unfounded, comparison?.different],
        [1, 1, 2],
      );
      assert.match(
        comparison?.listed.join('\n') ?? '',
        /order-3 had the status Rejected instead of Approved/,
      );
      assert.deepEqual(await rows(), before);
    });

    it('what the old table had beyond the log is not in the table after the next one either', async () => {
      await place(5);
      await project();
      await byHand(`
        insert into orders select 'nobody', customer_id, restaurant_id, status, payment,
          amount_minor, items, created_on, reason, version, position, created_at, updated_at
        from orders where order_id = 'order-5'`);
      for (let n = 0; n < 2; n++) {
        await rebuild();
        assert.equal((await rows()).size, 5);
      }
    });

    it('a table that was dropped is there again, whichever it was', async () => {
      for (const table of ['orders', 'orders_b', 'orders_b', 'orders']) {
        await place(3);
        await byHand(`drop table ${table}`);
        await rebuild();
        assert.equal((await rows()).size, orders);
        assert.equal(await service.checkpoint(ctx), BigInt(events));
        await byHand('select order_id from orders union all select order_id from orders_b');
      }
    });

    it('a checkpoint that was deleted is there again, whichever it was, and both', async () => {
      const wheres = [`name = '${READ_MODEL}'`, `name = '${READ_MODEL_B}'`, 'true', 'true'];
      for (const where of wheres) {
        await place(3);
        await byHand(`delete from projection_checkpoint where ${where}`);
        await assert.rejects(service.checkpoint(ctx), { code: 'read_model_not_prepared' });
        await rebuild();
        assert.equal((await rows()).size, orders);
        await place(1);
        await project();
        assert.equal((await rows()).size, orders);
      }
    });

    it('of a read model that is ahead of the log makes this log’s', async () => {
      await place(6);
      await project();
      await byHand(`update projection_checkpoint set position = 900 where name = '${READ_MODEL}'`);
      await rebuild();
      assert.equal(await service.checkpoint(ctx), BigInt(events));
    });

    /** A process that is killed leaves what was written, and runs no further. */
    class Killed extends Error {}

    it('killed anywhere it is gone on with, and readers have the live table until then', async () => {
      await place(60);
      await project();
      await byHand("delete from orders where order_id = 'order-1'");
      // Each statement and each read is a place to die: the nth one is not answered.
      let finished = false;
      for (let n = 1; !finished; n++) {
        assert.ok(n < 200, 'it never got through');
        let left = n;
        const mortal: Database = {
          ...database,
          query: async (context, statement) => {
            if (--left < 0) throw new Killed();
            const answer = await database.query(context, statement);
            if (left === 0) throw new Killed();
            return answer;
          },
        };
        const switched = await live();
        try {
          await rebuild({ database: mortal });
          finished = true;
        } catch (error) {
          if (!(error instanceof Killed)) throw error;
        }
        const now = await live();
        // Before the switch the old table, damage and all; afterwards the whole new one.
        assert.equal((await rows()).size, now === READ_MODEL && switched === now ? 59 : 60);
      }
      assert.equal((await rows()).size, 60);
      assert.equal((await byHand('select name from read_model_rebuild')).length, 0);
    });

    it('goes on where it was, and begins again where that is asked for or the log is another', async () => {
      await place(4_000);
      const dieAt = (steps: number): Partial<RebuildOptions> => {
        let left = steps;
        return {
          onProgress: ({ step }) => {
            if (step === 'filling' && --left === 0) throw new Killed();
          },
        };
      };
      await assert.rejects(rebuild(dieAt(1)), Killed);
      const [kept] = await byHand('select position, event_id from read_model_rebuild');
      assert.ok(Number(kept?.position) >= 5_000, kept?.position);
      const again = await rebuild();
      assert.equal(String(again.resumedAt), kept?.position);
      assert.equal(again.events, events - Number(kept?.position));
      assert.equal((await rows()).size, 4_000);

      await assert.rejects(rebuild(dieAt(1)), Killed);
      assert.equal((await rebuild({ fresh: true })).resumedAt, 0n);

      await assert.rejects(rebuild(dieAt(1)), Killed);
      await byHand("update read_model_rebuild set event_id = 'of another log'");
      assert.equal((await rebuild()).resumedAt, 0n);
      assert.equal((await rows()).size, 4_000);
    });

    it('of two at once the later one goes on', async () => {
      await place(2_000);
      await project();
      let second: Promise<unknown> | undefined;
      const first = rebuild({
        log: {
          ...log,
          batches: async (...given) =>
            mapped(await log.batches(...given), async (batch) => {
              second ??= rebuild();
              await second;
              return batch;
            }),
        },
      });
      await assert.rejects(first, { code: 'rebuild_taken_over' });
      await second;
      assert.equal((await rows()).size, 2_000);
      assert.equal(await live(), READ_MODEL_B);
    });

    it('one that another process took over writes nothing more and switches nothing', async () => {
      await place(20);
      let taken = 0;
      const takeOver = async () => {
        if (taken++ === 0) await tables.takeOver(database, ctx, 'another process');
      };
      // In the middle, and when all is written and only the switch is left.
      const hooks: readonly Partial<EventStore>[] = [
        {
          batches: async (...given) => {
            await takeOver();
            return log.batches(...given);
          },
        },
        {
          read: async (...given) => {
            await takeOver();
            return log.read(...given);
          },
        },
      ];
      for (const hook of hooks) {
        taken = 0;
        await assert.rejects(rebuild({ log: { ...log, ...hook }, fresh: true }), {
          code: 'rebuild_taken_over',
        });
        assert.equal(await live(), READ_MODEL);
        // What it had written when it lost it, and nothing more.
        const [kept] = await byHand('select position from read_model_rebuild');
        assert.equal(kept?.position, hook === hooks[0] ? '0' : `${events}`);
      }
      assert.equal(
        await tables.standDown(database, ctx, {
          owner: 'a third one',
          live: READ_MODEL,
          retirements: 0n,
          upTo: BigInt(events),
        }),
        false,
      );
    });

    it('what the projection writes meanwhile is neither lost nor written twice', async () => {
      await place(300);
      let stop = false;
      let applied = 0;
      const projecting = (async () => {
        while (!stop) {
          await place(3);
          const after = await service.checkpoint(ctx);
          const page = await log.read(ctx, { afterPosition: after, limit: 200 });
          try {
            const done = await service.project(ctx, { after, events: page.events });
            if (done.applied) applied++;
          } catch (error) {
            // It reads its checkpoint and goes on, as the projection does.
            if (codedError(error).code !== 'database_contended') throw error;
          }
        }
      })();
      for (let n = 0; n < 6; n++) await rebuild();
      stop = true;
      await projecting;
      await project();
      assert.ok(applied > 6, `${applied}`);
      const { comparison } = await rebuild();
      assert.deepEqual(comparison?.listed, []);
      assert.equal((await rows()).size, orders);
    });

    it('a write of the table that has stood down is refused, from the same position too', async () => {
      await place(2);
      const model = sqlReadModel(database);
      const old = await model.rows(ctx, []);
      await rebuild();
      const change = { table: old.table, from: 0n, to: 1n, eventId: 'e', rows: [], failures: [] };
      assert.equal(await model.write(ctx, change), false);
      // A table that was live once, and is again, is not the one that it was.
      await rebuild();
      const now = await service.checkpoint(ctx);
      assert.equal(await model.write(ctx, { ...change, from: now, to: now }), false);
    });

    it('what was filled is held against the log, and is not switched to where it differs', async () => {
      await place(12);
      await project();
      // One that loses an event on the way.
      const lossy = {
        ...log,
        batches: async (...given: Parameters<EventStore['batches']>) =>
          mapped(await log.batches(...given), async (batch) =>
            batch.map((event) =>
              event.aggregateId === 'order-3' && event.version === 2n
                ? { ...event, eventType: 'ORDERS.unknown' }
                : event,
            ),
          ),
      };
      await assert.rejects(rebuild({ log: lossy }), { code: 'rebuild_differs' });
      assert.equal(await live(), READ_MODEL);
    });

    it('events that cannot be read are recorded for the new table', async () => {
      await place(2);
      const bad = { eventType: 'ORDERS.created', data: '{}', metadata: {} };
      const own = { eventId: 'bad', aggregateId: 'order-x', aggregateType: ORDER_AGGREGATE };
      await log.append(ctx, { events: [{ ...bad, ...own }] });
      await project();
      assert.equal((await rebuild()).failures, 1);
      const kept = await byHand('select name, event_id from projection_failures order by name');
      assert.deepEqual(
        kept.map((row) => row.name),
        [READ_MODEL, READ_MODEL_B],
      );
    });

    it('an order larger than a statement may be is written', async () => {
      for (let n = 1; n <= 6; n++)
        await append(`large-${n}`, created(`large-${n}`, 'x'.repeat(1_500_000)));
      await rebuild();
      assert.equal((await rows()).size, 6);
    });

    it('says plainly when the log is away', async () => {
      const away = new CodedError('unavailable', 'event_store_away', 'The log is away.');
      const broken = { ...log, head: () => Promise.reject(away) };
      await assert.rejects(rebuild({ log: broken }), { code: 'event_store_away' });
    });
  });
}

async function* mapped<Item>(
  items: AsyncIterable<Item>,
  change: (item: Item) => Promise<Item>,
): AsyncGenerator<Item, void, undefined> {
  for await (const item of items) yield await change(item);
}
