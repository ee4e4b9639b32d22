/** The coordinator over a real database: what its clock, its table and a second instance have to say. */
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { orderEventCodec } from '../../shared/contracts/events.ts';
import {
  durables,
  ORDER_AGGREGATE,
  ORDERS_STREAM,
  orderAggregate,
} from '../../shared/contracts/subjects.ts';
import type { OrderEvent } from '../../shared/domain/order.ts';
import type { EventStore, RecordedEvent } from '../../shared/eventstore/event-store.ts';
import { newId } from '../../shared/eventstore/ids.ts';
import { createMemoryEventStore } from '../../shared/eventstore/memory/memory-event-store.ts';
import { background } from '../../shared/kit/context.ts';
import { CodedError } from '../../shared/kit/errors.ts';
import { silentLogger } from '../../shared/kit/logger.ts';
import type { Component } from '../../shared/kit/process/lifecycle.ts';
import { createDatabase, type Database } from '../../shared/kit/sql/database.ts';
import { migrate } from '../../shared/kit/sql/migrations.ts';
import { minor } from '../../shared/money/money.ts';
import { catchUp } from '../../shared/process-manager/catch-up.ts';
import { deadlineTransport } from '../../shared/process-manager/deadline-transport.ts';
import {
  type Deadline,
  type Deadlines,
  sqlDeadlines,
  type UpcomingDeadline,
} from '../../shared/process-manager/deadlines.ts';
import { type DeliveryWatch, deliveryWatch } from '../../shared/process-manager/delivery-watch.ts';
import { gatheredWrites } from '../../shared/process-manager/gathered-writes.ts';
import { groupedWrites } from '../../shared/process-manager/grouped-writes.ts';
import { rebuildDeadlines } from '../../shared/process-manager/rebuild.ts';
import { eventually } from '../../shared/testing/eventually.ts';
import { testPostgres } from '../../stack/testing.ts';
import { followedTypes } from './saga/followed-types.ts';
import { deadlineRules, ORDER_ID } from './saga/order-deadlines.ts';
import { orderProcess } from './saga/order-process.ts';
import type { DeadlineKind } from './saga/saga.ts';
import { createSagaService, type SagaOutcome, type SagaService } from './service.ts';

const codec = orderEventCodec(2);
const ctx = background();
const times = { payment: 60_000, review: 60_000, void: 300_000, ceiling: 3_600_000 };

const created = (orderId: string): OrderEvent => ({
  type: 'created',
  order: {
    orderId,
    customerId: 'customer-1',
    restaurantId: 'restaurant-1',
    amount: minor(100),
    items: [],
    createdOn: '2026-01-01T00:00:00.000Z',
  },
});
const debited = (orderId: string): OrderEvent => ({
  type: 'paymentdebited',
  orderId,
  customerId: 'customer-1',
  amount: minor(100),
  paymentId: `payment-${orderId}`,
});
const approved = (orderId: string): OrderEvent => ({ type: 'approved', orderId, decidedBy: 'me' });
const failed = (orderId: string): OrderEvent => ({ type: 'paymentfailed', orderId, reason: 'no' });
const rejected = (orderId: string): OrderEvent => ({
  type: 'rejected',
  orderId,
  decidedBy: 'me',
  reason: 'no',
});

/** As if each worker had got its event long ago. */
const DELIVERED: DeliveryWatch = { look: async () => undefined, rest: () => 0 };

for (const isolation of ['read committed', 'serializable'] as const) {
  describe(`saga coordinator over PostgreSQL, ${isolation}`, function suite() {
    this.timeout(60_000);
    let database: Database;
    let deadlines: Deadlines<DeadlineKind>;
    let store: EventStore;
    /** By how much the log's clock, and so created_at, differs from the database's. */
    let skewMs: number;
    let service: SagaService;
    let running: Component[];

    beforeEach(async () => {
      const url = await (await testPostgres()).createDatabase();
      await migrate({ url, folder: join(import.meta.dirname, 'migrations'), logger: silentLogger });
      database = createDatabase({
        url,
        name: 'sagacoordinator',
        poolSize: 4,
        queryTimeoutMs: 5_000,
        logger: silentLogger,
        isolation,
      });
      deadlines = sqlDeadlines(database, { idColumn: ORDER_ID });
      skewMs = 0;
      store = createMemoryEventStore({
        stream: ORDERS_STREAM,
        now: () => new Date(Date.now() + skewMs),
      });
      service = createSagaService(store, gatheredWrites(groupedWrites(deadlines), 0), times, codec);
      running = [];
    });
    afterEach(async () => {
      await Promise.all(running.map((component) => component.stop?.()));
      await database.stop();
    });

    /** Appends the events and has the coordinator follow each. */
    async function happened(...events: OrderEvent[]): Promise<void> {
      for (const event of events) await service.follow(ctx, await append(event));
    }

    async function append(event: OrderEvent, metadata = {}): Promise<RecordedEvent> {
      const aggregateId = event.type === 'created' ? event.order.orderId : event.orderId;
      const { position } = await store.append(ctx, {
        events: [
          {
            eventId: newId(),
            aggregateId,
            aggregateType: ORDER_AGGREGATE,
            metadata,
            ...codec.encode(event),
          },
        ],
      });
      const page = await store.read(ctx, { afterPosition: position - 1n, limit: 1 });
      assert.ok(page.events[0]);
      return page.events[0];
    }

    async function startClock(
      fire: (deadline: UpcomingDeadline<DeadlineKind>) => Promise<SagaOutcome> = (d) =>
        service.fire(ctx, d),
      consumer = 'nobody is waited for',
      delivery: DeliveryWatch = DELIVERED,
    ): Promise<Component> {
      const types = consumer === durables.saga ? followedTypes : ['ORDERS.none'];
      const clock = deadlineTransport(
        (_ctx, deadline: UpcomingDeadline<DeadlineKind>) => fire(deadline),
        {
          deadlines,
          catchUp: catchUp(store, consumer, types),
          delivery,
          continued: (context) => context,
          maxFiring: 64,
          pollMs: 50,
          logger: silentLogger,
        },
      );
      running.push(clock);
      await clock.start?.();
      return clock;
    }

    const types = async (orderId: string) =>
      (await store.readAggregate(ctx, orderAggregate(orderId))).map(({ eventType }) =>
        eventType.slice('ORDERS.'.length),
      );
    const untilCancelled = (orderId: string) =>
      eventually(
        `${orderId} is cancelled`,
        async () => (await types(orderId)).at(-1) === 'cancelled',
        30_000,
      );
    const rows = () => deadlines.upcoming(ctx, 1_000);
    /** But for those of voids, which stay until somebody answers. */
    const ordersLeft = async () => (await rows()).filter(({ kind }) => kind !== 'void').length;
    const keys = async () =>
      (await rows()).map(({ aggregateId, kind }) => `${aggregateId} ${kind}`).toSorted();

    const aDeadline = (
      aggregateId: string,
      kind: DeadlineKind,
      dueInMs: number,
    ): Deadline<DeadlineKind> => ({
      aggregateId,
      kind,
      dueAt: new Date(Date.now() + dueInMs),
      position: 0n,
      ceilingAt: new Date(Date.now() + dueInMs),
      traceparent: '',
      correlationId: 'submission-1',
      causedBy: 'event-1',
    });

    /** Another 100,000 that are due in an hour and later. */
    async function manyWait(): Promise<void> {
      await database.query(
        ctx,
        (sql) => sql`
          insert into deadlines (order_id, kind, due_at, traceparent, correlation_id, caused_by)
          select 'waiting-' || n, 'payment', now() + interval '1 hour' + n * interval '1 second',
                 '', '', ''
          from generate_series(1, 100000) as n`,
      );
    }

    it('what is due by the database’s clock fires, and what is not waits', async () => {
      skewMs = -60_000;
      await happened(created('late'));
      await happened(created('paid'), debited('paid'));
      skewMs = 0;
      await happened(created('early'));
      await startClock();
      await untilCancelled('late');
      await untilCancelled('paid');
      await eventually('the fired are removed', async () => (await rows()).length === 1);
      assert.deepEqual(await keys(), ['early payment']);
      assert.deepEqual(await types('early'), ['created']);
    });

    it('an order that ends has no deadline', async () => {
      await happened(created('a'), debited('a'), approved('a'));
      await happened(created('b'), failed('b'));
      await happened(created('c'), debited('c'), rejected('c'));
      await happened(created('d'), debited('d'));
      assert.deepEqual(await keys(), ['c void', 'd review']);
      assert.deepEqual((await types('c')).at(-1), 'voidrequested');
      await happened({ type: 'paymentvoided', orderId: 'c', paymentId: 'payment-c' });
      assert.deepEqual(await keys(), ['d review']);
    });

    it('two coordinators fire a deadline once in effect', async () => {
      skewMs = -60_000;
      const orders = Array.from({ length: 200 }, (_, n) => `order-${n}`);
      await Promise.all(orders.map((order) => happened(created(order))));
      await startClock();
      await startClock();
      await eventually('all are removed', async () => (await ordersLeft()) === 0);
      for (const order of orders) {
        const [first, second, ...rest] = await types(order);
        assert.deepEqual([first, second], ['created', 'cancelled']);
        // The second to fire finds it cancelled, and sees to the void.
        assert.ok(rest.length === 0 || rest.join() === 'voidrequested', rest.join());
      }
    });

    it('a crash between the append and the removal repeats harmlessly', async () => {
      skewMs = -60_000;
      await happened(created('order-1'));
      const crashing = createSagaService(
        store,
        {
          write: () => Promise.reject(new CodedError('unavailable', 'crash', 'It crashed.')),
          gather: async () => false,
        },
        times,
        codec,
      );
      const [row] = await rows();
      assert.ok(row);
      await assert.rejects(crashing.fire(ctx, row), { code: 'crash' });
      assert.deepEqual(await types('order-1'), ['created', 'cancelled']);
      assert.deepEqual(await keys(), ['order-1 payment']);
      await startClock();
      await eventually('it is removed', async () => (await ordersLeft()) === 0);
      assert.deepEqual((await types('order-1')).slice(0, 2), ['created', 'cancelled']);
      assert.equal((await types('order-1')).filter((type) => type === 'cancelled').length, 1);
    });

    describe('and the queues of the workers', () => {
      /** As the coordinator watches, with a wait of a fifth of a second for what was delivered. */
      const watching = () =>
        deliveryWatch(store, {
          rules: deadlineRules({ ...times, payment: 200 }),
          everyMs: 50,
          broker: async () => undefined,
        });
      const deliver = (position: bigint) =>
        store.saveCheckpoint(ctx, {
          consumer: durables.payment,
          position: 0n,
          eventId: '',
          delivered: position,
        });
      /** The coordinator has looked so often. */
      async function looks(times: number): Promise<void> {
        const { getCheckpoint } = store;
        let seen = 0;
        store.getCheckpoint = (...args) => {
          if (args[1] === durables.payment) seen++;
          return getCheckpoint(...args);
        };
        await eventually(`${times} looks`, () => seen >= times);
        store.getCheckpoint = getCheckpoint;
      }

      it('an order whose event waits in the queue of its worker is not cancelled, however long it is due', async () => {
        skewMs = -60_000;
        const orders = Array.from({ length: 240 }, (_, n) => `order-${n}`);
        for (const order of orders) await happened(created(order));
        await deliver(100n);
        await startClock((d) => service.fire(ctx, d), undefined, watching());
        await untilCancelled('order-99');
        await looks(20);
        assert.deepEqual(await types('order-100'), ['created']);
        assert.deepEqual(await types('order-239'), ['created']);
        // The worker gets them and answers one: the others have been silent for long enough.
        await happened(debited('order-239'));
        await deliver(240n);
        await untilCancelled('order-100');
        for (const order of orders.slice(0, 239)) await untilCancelled(order);
        assert.deepEqual(await types('order-239'), ['created', 'paymentdebited']);
      });

      it('a queue that is longer than the ceiling ends its orders', async () => {
        skewMs = -60_000;
        await happened(created('waiting'));
        skewMs = -3_600_000;
        await happened(created('too-long'));
        await startClock((d) => service.fire(ctx, d), undefined, watching());
        await untilCancelled('too-long');
        await looks(10);
        assert.deepEqual(await types('waiting'), ['created']);
      });

      it('a void that waits in the queue of the payment worker is not asked for again', async () => {
        skewMs = -300_000;
        await happened(created('a'), debited('a'), rejected('a'));
        await startClock((d) => service.fire(ctx, d), undefined, watching());
        await looks(10);
        assert.equal((await types('a')).filter((type) => type === 'voidrequested').length, 1);
        skewMs = 0;
        await deliver(4n);
        await database.query(ctx, (sql) => sql`update deadlines set due_at = now()`);
        await eventually('it is asked for again', async () => {
          return (await types('a')).filter((type) => type === 'voidrequested').length === 2;
        });
        await looks(10);
        assert.equal((await types('a')).length, 5, 'and then not for some minutes');
      });

      it('deadlines of before are due by their time alone', async () => {
        await happened(created('old'));
        await database.query(
          ctx,
          (sql) => sql`update deadlines set due_at = now(), position = 0, ceiling_at = null`,
        );
        await startClock((d) => service.fire(ctx, d), undefined, watching());
        await untilCancelled('old');
      });
    });

    it('after an outage nothing fires before the log is read as far as it is due', async () => {
      skewMs = -60_000;
      await happened(created('order-1'));
      await append(debited('order-1'));
      await store.saveCheckpoint(ctx, {
        consumer: durables.saga,
        position: 1n,
        eventId: '',
        delivered: 1n,
      });
      const fired: string[] = [];
      const looked = Promise.withResolvers<void>();
      const getCheckpoint = store.getCheckpoint;
      let looks = 0;
      store.getCheckpoint = async (...args) => {
        if (++looks === 3) looked.resolve();
        return getCheckpoint(...args);
      };
      const clock = await startClock(async (deadline) => {
        fired.push(deadline.aggregateId);
        return service.fire(ctx, deadline);
      }, durables.saga);
      await looked.promise;
      assert.deepEqual(fired, []);
      assert.match(clock.degraded?.() ?? '', /deadlines wait until the log has been read/);
      await store.saveCheckpoint(ctx, {
        consumer: durables.saga,
        position: 2n,
        eventId: '',
        delivered: 2n,
      });
      await eventually('it has fired', async () => (await rows()).length === 0);
      assert.deepEqual(fired, ['order-1']);
      assert.deepEqual(await types('order-1'), ['created', 'paymentdebited']);
      assert.equal(clock.degraded?.(), undefined);
    });

    it('among 100,000 that wait, the ones due come first, by the index', async () => {
      await manyWait();
      const plan = await database.query<{ 'QUERY PLAN': string }>(
        ctx,
        (sql) => sql`
          explain select order_id from deadlines order by due_at, order_id, kind limit 64`,
      );
      const text = plan.map((line) => line['QUERY PLAN']).join('\n');
      assert.match(text, /Index (Only )?Scan using deadlines_by_due/);
      assert.doesNotMatch(text, /Sort|Seq Scan/);

      const orders = Array.from({ length: 500 }, (_, n) => `due-${n}`);
      skewMs = 1_000 - 60_000;
      await Promise.all(orders.map((order) => happened(created(order))));
      // By order: one may fire twice, and one whose removal had no answer never again.
      const lateMs = new Map<string, number>();
      await startClock(async (deadline) => {
        try {
          return await service.fire(ctx, deadline);
        } finally {
          lateMs.set(deadline.aggregateId, Date.now() - deadline.dueAt.getTime());
        }
      });
      await eventually('500 have fired', () => lateMs.size === 500, 40_000);
      const worst = Math.max(...lateMs.values());
      const rss = Math.round(process.memoryUsage().rss / 1e6);
      console.log(
        `        500 due among 100,000: the latest ${worst} ms after its time; ${rss} MB`,
      );
      for (const order of orders) {
        const [first, second, ...rest] = await types(order);
        assert.deepEqual([first, second], ['created', 'cancelled']);
        // One that was read just before it was removed fires twice, and finds its void to ask for.
        assert.ok(rest.length === 0 || rest.join() === 'voidrequested', rest.join());
      }
    });

    it('removing a few of 100,000 finds them by their key', async () => {
      await manyWait();
      const ids = ['waiting-1', 'waiting-2'];
      const plan = await database.query<{ 'QUERY PLAN': string }>(
        ctx,
        (sql) => sql`
          explain delete from deadlines
          where order_id = any(${ids}::text[]) and kind || ' ' || order_id = any(${ids}::text[])`,
      );
      assert.doesNotMatch(plan.map((line) => line['QUERY PLAN']).join('\n'), /Seq Scan/);
      await deadlines.remove(ctx, [
        { aggregateId: 'waiting-1', kind: 'payment' },
        { aggregateId: 'waiting-2', kind: 'review' },
      ]);
      const [left] = await rows();
      assert.equal(left?.aggregateId, 'waiting-2');
    });

    it('an order that cannot be folded holds up no other, and is tried again later and later', async () => {
      await deadlines.put(ctx, [aDeadline('poison', 'payment', -10_000)]);
      skewMs = -60_000;
      await happened(created('order-1'));
      await startClock((deadline) =>
        deadline.aggregateId === 'poison'
          ? Promise.reject(new CodedError('invalid', 'unreadable_event', 'It cannot be read.'))
          : service.fire(ctx, deadline),
      );
      await untilCancelled('order-1');
      const row = await eventually('it waits', async () => {
        const found = (await rows()).find(({ aggregateId }) => aggregateId === 'poison');
        return found !== undefined && found.attempts > 0 && found;
      });
      assert.equal(row.attempts, 1);
      assert.ok(row.dueInMs > 1_000);
    });

    it('an event store that is away is asked by one at a time, and all fires when it is back', async () => {
      const orders = Array.from({ length: 100 }, (_, n) => `order-${n}`);
      await deadlines.put(
        ctx,
        orders.map((order) => aDeadline(order, 'payment', -1_000)),
      );
      let away = true;
      let atOnce = 0;
      const failures: number[] = [];
      const fired = new Set<string>();
      const probed = Promise.withResolvers<void>();
      await startClock(async ({ aggregateId }) => {
        atOnce++;
        try {
          if (away) {
            await new Promise((resolve) => setImmediate(resolve));
            failures.push(atOnce);
            if (failures.length === 70) probed.resolve();
            throw new CodedError('unavailable', 'away', 'The event store is away.');
          }
          fired.add(aggregateId);
          await deadlines.remove(ctx, [{ aggregateId, kind: 'payment' }]);
          return 'cancelled';
        } finally {
          atOnce--;
        }
      });
      await probed.promise;
      assert.deepEqual(new Set(failures.slice(64)), new Set([1]));
      away = false;
      await eventually('all have fired', () => fired.size === 100, 20_000);
    });

    it('a missing void is requested after a rebuild', async () => {
      for (const event of [created('lost'), debited('lost'), rejected('lost')]) await append(event);
      await rebuildDeadlines(ctx, orderProcess(times, codec), store, deadlines);
      await startClock();
      await eventually('the void is asked for', async () =>
        (await types('lost')).includes('voidrequested'),
      );
      await eventually('only the void is left', async () => (await ordersLeft()) === 0);
      assert.deepEqual(await keys(), ['lost void']);
    });

    it('one change that the table will not have fails alone', async () => {
      const writes = groupedWrites(deadlines);
      const soon = (id: string) => ({
        put: [aDeadline(id, 'payment', 60_000)],
        remove: [],
      });
      const results = await Promise.allSettled(
        ['a', 'b\0', 'c'].map((id) => writes.write(soon(id))),
      );
      assert.deepEqual(
        results.map(({ status }) => status),
        ['fulfilled', 'rejected', 'fulfilled'],
      );
      assert.deepEqual(await keys(), ['a payment', 'c payment']);
    });

    it('what is rebuilt from the log is what was kept up live', async () => {
      const shapes: readonly ((id: string) => OrderEvent[])[] = [
        (id) => [created(id)],
        (id) => [created(id), debited(id)],
        (id) => [created(id), debited(id), approved(id)],
        (id) => [created(id), failed(id)],
        (id) => [created(id), failed(id), debited(id)],
        (id) => [created(id), debited(id), failed(id)],
        (id) => [created(id), debited(id), rejected(id)],
        (id) => [debited(id), created(id)],
        (id) => [debited(id)],
      ];
      await Promise.all(
        Array.from({ length: 400 }, (_, n) =>
          happened(...(shapes[n % shapes.length]?.(`order-${n}`) ?? [])),
        ),
      );
      const withoutClock = async () =>
        (await rows())
          .map(({ dueInMs: _, ceilingInMs: __, ...row }) => row)
          .toSorted((a, b) => (a.aggregateId < b.aggregateId ? -1 : 1));
      const live = await withoutClock();
      assert.equal(live.length, 354);
      await database.query(ctx, (sql) => sql`delete from deadlines`);
      const rebuilt = await rebuildDeadlines(ctx, orderProcess(times, codec), store, deadlines);
      assert.deepEqual(await withoutClock(), live);
      assert.deepEqual(rebuilt.unreadable, []);
      // Again, and beside what is there: nothing changes.
      await rebuildDeadlines(ctx, orderProcess(times, codec), store, deadlines);
      assert.deepEqual(await withoutClock(), live);
    });

    it('a deadline that is set again has its attempts before it, and a postponed one is alone', async () => {
      const key = { aggregateId: 'order-1', kind: 'payment' } as const;
      const both = [aDeadline('order-1', 'payment', -1_000), aDeadline('order-1', 'review', -500)];
      const attempts = async () =>
        Object.fromEntries((await rows()).map((row) => [row.kind, row.attempts]));
      await deadlines.put(ctx, both);
      await deadlines.postpone(ctx, key, 60_000);
      assert.deepEqual(await attempts(), { payment: 1, review: 0 });
      const due = (await rows()).filter(({ dueInMs }) => dueInMs <= 0).map(({ kind }) => kind);
      assert.deepEqual(due, ['review'], 'the order’s other deadline is due as before');
      await deadlines.put(ctx, both);
      assert.deepEqual(await attempts(), { payment: 0, review: 0 });
    });

    it('a stop waits for firings that are under way', async () => {
      await deadlines.put(ctx, [aDeadline('order-1', 'payment', -1_000)]);
      const begun = Promise.withResolvers<void>();
      const goOn = Promise.withResolvers<void>();
      let ended = false;
      const clock = await startClock(async ({ aggregateId, kind }) => {
        begun.resolve();
        await goOn.promise;
        await deadlines.remove(ctx, [{ aggregateId, kind }]);
        ended = true;
        return 'cancelled';
      });
      await begun.promise;
      const stopped = clock.stop?.();
      goOn.resolve();
      await stopped;
      assert.equal(ended, true);
      assert.deepEqual(await keys(), []);
    });

    it('a second stop is harmless', async () => {
      const clock = await startClock();
      await clock.stop?.();
      await clock.stop?.();
    });
  });
}
