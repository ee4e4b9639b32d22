import assert from 'node:assert/strict';
import { join } from 'node:path';
import { orderEventCodec } from '../../shared/contracts/events.ts';
import { ORDER_AGGREGATE, ORDERS_STREAM } from '../../shared/contracts/subjects.ts';
import type { OrderEvent } from '../../shared/domain/order.ts';
import type { NewEvent, RecordedEvent } from '../../shared/eventstore/event-store.ts';
import { background } from '../../shared/kit/context.ts';
import { silentLogger } from '../../shared/kit/logger.ts';
import { createDatabase, type Database } from '../../shared/kit/sql/database.ts';
import { migrate } from '../../shared/kit/sql/migrations.ts';
import { minor } from '../../shared/money/money.ts';
import { testPostgres } from '../../stack/testing.ts';
import { createQueryModelService, type QueryModelService } from './service.ts';
import type { OrderRow } from './table/order-row.ts';
import { sqlReadModel } from './table/read-model.ts';

const codec = orderEventCodec(2);
const ctx = background();

const created = (orderId: string, name = 'Soup'): OrderEvent => ({
  type: 'created',
  order: {
    orderId,
    customerId: 'customer-1',
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

/** A log that events are written into by hand. */
function log() {
  const events: RecordedEvent[] = [];
  const versions = new Map<string, bigint>();
  function add(aggregateId: string, entry: Pick<NewEvent, 'eventType' | 'data'>): void {
    const version = (versions.get(aggregateId) ?? 0n) + 1n;
    versions.set(aggregateId, version);
    events.push({
      ...entry,
      eventId: `event-${events.length + 1}`,
      aggregateId,
      aggregateType: ORDER_AGGREGATE,
      stream: ORDERS_STREAM,
      version,
      position: BigInt(events.length + 1),
      createdAt: new Date(Date.UTC(2026, 0, 1, 0, 0, events.length)),
      metadata: {},
    });
  }
  return {
    events,
    add,
    order: (event: OrderEvent) =>
      add(event.type === 'created' ? event.order.orderId : event.orderId, codec.encode(event)),
  };
}

for (const isolation of ['read committed', 'serializable'] as const) {
  describe(`query model over PostgreSQL, ${isolation}`, () => {
    let database: Database;
    let service: QueryModelService;

    beforeEach(async function freshDatabase() {
      this.timeout(30_000);
      const url = await (await testPostgres()).createDatabase();
      await migrate({
        url,
        folder: join(import.meta.dirname, 'migrations'),
        logger: silentLogger,
      });
      database = createDatabase({
        url,
        name: 'querymodelworker',
        poolSize: 4,
        queryTimeoutMs: 5_000,
        logger: silentLogger,
        isolation,
      });
      service = createQueryModelService(sqlReadModel(database), codec);
    });
    afterEach(() => database.stop());

    function rows() {
      return database.query<{ order_id: string; status: string; version: string; name: string }>(
        ctx,
        (sql) => sql`
          select order_id, status, version, (items::jsonb)->0->>'name' as name
          from orders order by order_id`,
      );
    }

    it('a new order has one complete row', async () => {
      const { events, order } = log();
      order(created('order-1'));
      order(paid('order-1'));
      const projected = await service.project(ctx, { after: 0n, events });
      assert.deepEqual(projected, {
        position: 2n,
        applied: true,
        unknown: 0,
        failures: [],
        ended: [],
      });
      const [row] = await database.query<{ items: string }>(
        ctx,
        (sql) => sql`
          select order_id, customer_id, restaurant_id, status, payment, amount_minor, items,
                 created_on, reason, version, position, created_at, updated_at
          from orders`,
      );
      assert.deepEqual(
        { ...row, items: JSON.parse(row?.items ?? '') },
        {
          order_id: 'order-1',
          customer_id: 'customer-1',
          restaurant_id: 'restaurant-1',
          status: 'Paid',
          payment: 'debited',
          amount_minor: '1250',
          items: [{ code: 'a', name: 'Soup', unitPrice: 1250, quantity: 1 }],
          created_on: '2026-01-01T00:00:00.000Z',
          reason: null,
          version: '2',
          position: '2',
          created_at: new Date('2026-01-01T00:00:00.000Z'),
          updated_at: new Date('2026-01-01T00:00:01.000Z'),
        },
      );
    });

    it('a later batch goes on from the rows of an earlier one', async () => {
      const { events, order } = log();
      for (const id of ['order-1', 'order-2']) order(created(id));
      for (const id of ['order-1', 'order-2']) order(paid(id));
      order(approved('order-2'));
      for (const [from, to] of [
        [0, 1],
        [1, 4],
        [4, 5],
      ] as const) {
        await service.project(ctx, { after: BigInt(from), events: events.slice(from, to) });
      }
      assert.deepEqual(
        (await rows()).map(({ order_id, status, version }) => [order_id, status, version]),
        [
          ['order-1', 'Paid', '2'],
          ['order-2', 'Approved', '3'],
        ],
      );
      assert.equal(await service.checkpoint(ctx), 5n);
    });

    it('a row that is written again is the newer one in each of its columns', async () => {
      const readModel = sqlReadModel(database);
      const older: OrderRow = {
        orderId: 'order-1',
        customerId: 'customer-1',
        restaurantId: 'restaurant-1',
        status: 'Pending',
        payment: 'none',
        amountMinor: 100n,
        items: '[]',
        createdOn: '2026-01-01T00:00:00.000Z',
        reason: null,
        version: 1n,
        position: 1n,
        createdAt: '2026-01-01T00:00:00.000Z',
        updatedAt: '2026-01-01T00:00:00.000Z',
      };
      const newer: OrderRow = {
        orderId: 'order-1',
        customerId: 'customer-2',
        restaurantId: 'restaurant-2',
        status: 'Rejected',
        payment: 'failed',
        amountMinor: 200n,
        items: '[1]',
        createdOn: '2026-01-02T00:00:00.000Z',
        reason: 'closed',
        version: 2n,
        position: 2n,
        createdAt: '2026-01-02T00:00:00.000Z',
        updatedAt: '2026-01-03T00:00:00.000Z',
      };
      const same = Object.entries(older).filter(
        ([column, value]) => newer[column as keyof OrderRow] === value,
      );
      assert.deepEqual(same, [['orderId', 'order-1']]);
      for (const [row, from] of [
        [older, 0n],
        [newer, 1n],
      ] as const) {
        const { table } = await readModel.rows(ctx, []);
        const to = { to: from + 1n, eventId: `event-${from}` };
        const change = { table, from, ...to, rows: [row], failures: [] };
        assert.equal(await readModel.write(ctx, change), true);
        const { rows: found } = await readModel.rows(ctx, ['order-1']);
        assert.deepEqual([...found.values()], [row]);
      }
    });

    it('a batch is applied once, however often it comes', async () => {
      const { events, order } = log();
      order(created('order-1'));
      await service.project(ctx, { after: 0n, events });
      const again = await service.project(ctx, { after: 0n, events });
      assert.deepEqual([again.applied, again.position], [false, 1n]);
    });

    it('a batch is applied once by projections that race', async () => {
      const { events, order } = log();
      for (let n = 0; n < 20; n++) order(created(`order-${n}`));
      const results = await Promise.all(
        Array.from({ length: 4 }, () => service.project(ctx, { after: 0n, events })),
      );
      assert.equal(results.filter(({ applied }) => applied).length, 1);
      assert.ok(results.every(({ position }) => position === 20n));
      assert.equal((await rows()).length, 20);
    });

    it('nothing is written from a checkpoint that is not there any more', async () => {
      const { events, order } = log();
      order(created('order-1', 'Soup'));
      await service.project(ctx, { after: 0n, events });
      const other = log();
      other.order(created('order-1', 'Bread'));
      other.order(created('order-2'));
      await service.project(ctx, { after: 0n, events: other.events });
      assert.deepEqual(
        (await rows()).map(({ order_id, name }) => [order_id, name]),
        [['order-1', 'Soup']],
      );
    });

    it('an unreadable event does not stop the projection, and is recorded', async () => {
      const { events, order, add } = log();
      order(created('order-1'));
      add('order-2', { eventType: 'ORDERS.created', data: '{"order_id":"order-2"}' });
      add('order-3', { eventType: 'ORDERS.created', data: 'not JSON' });
      order(paid('order-1'));
      const { position, failures } = await service.project(ctx, { after: 0n, events });
      assert.equal(position, 4n);
      assert.deepEqual(
        failures.map((failure) => failure.position),
        [2n, 3n],
      );
      assert.deepEqual(
        (await rows()).map(({ order_id, status }) => [order_id, status]),
        [['order-1', 'Paid']],
      );
      const recorded = await database.query<{ position: string; event_id: string }>(
        ctx,
        (sql) => sql`
          select position, event_id from projection_failures
          where name = 'query-model' order by position`,
      );
      assert.deepEqual(
        recorded.map((row) => [row.position, row.event_id]),
        [
          ['2', 'event-2'],
          ['3', 'event-3'],
        ],
      );
    });

    it('events of unknown types are counted and passed over', async () => {
      const { events, order, add } = log();
      order(created('order-1'));
      add('order-1', { eventType: 'ORDERS.tasted', data: '{}' });
      order(paid('order-1'));
      const { unknown, failures } = await service.project(ctx, { after: 0n, events });
      assert.deepEqual([unknown, failures], [1, []]);
      assert.deepEqual(
        (await rows()).map(({ status, version }) => [status, version]),
        [['Paid', '3']],
      );
    });

    it('text that no column takes does not stop the projection', async () => {
      const { events, order } = log();
      order(created('order-1', '\0 \ud800 {"} \\ \n'));
      order(paid('order-1'));
      assert.equal((await service.project(ctx, { after: 0n, events })).applied, true);
    });

    it('rows beyond what one statement takes are written by several', async () => {
      const { events, order } = log();
      for (let n = 0; n < 6; n++) order(created(`order-${n}`, 'x'.repeat(1_500_000)));
      const readModel = sqlReadModel(database);
      const statements: number[] = [];
      const counted = createQueryModelService(
        {
          ...readModel,
          write: (context, change) => {
            statements.push(change.rows.length);
            return readModel.write(context, change);
          },
        },
        codec,
      );
      const projected = await counted.project(ctx, { after: 0n, events });
      assert.deepEqual([projected.applied, projected.position], [true, 6n]);
      assert.deepEqual(statements, [1, 2, 1, 2]);
      assert.equal((await rows()).length, 6);
    });

    it('a batch with a hole is refused, for what is skipped once is missing for ever', async () => {
      const { events, order } = log();
      for (let n = 0; n < 3; n++) order(created(`order-${n}`));
      for (const batch of [
        { after: 0n, events: events.slice(1) },
        { after: 0n, events: [events[0], events[2]] as RecordedEvent[] },
      ]) {
        await assert.rejects(service.project(ctx, batch), { code: 'gap_in_events' });
      }
      assert.equal(await service.checkpoint(ctx), 0n);
    });
  });
}
