import assert from 'node:assert/strict';
import { orderEventCodec } from '../../shared/contracts/events.ts';
import { orderIdFor, secretOrderIdFor } from '../../shared/contracts/order-id.ts';
import { ORDER_AGGREGATE, ORDERS_STREAM, orderAggregate } from '../../shared/contracts/subjects.ts';
import type { OrderEvent } from '../../shared/domain/order.ts';
import type { EventStore } from '../../shared/eventstore/event-store.ts';
import { derivedId } from '../../shared/eventstore/ids.ts';
import { createMemoryEventStore } from '../../shared/eventstore/memory/memory-event-store.ts';
import { background, withTimeLeft } from '../../shared/kit/context.ts';
import { CodedError, isMachineryFailure, type Kind } from '../../shared/kit/errors.ts';
import { minor } from '../../shared/money/money.ts';
import type { OrderRequest } from './order-request.ts';
import { createOrderService, type OrderServiceOptions } from './service.ts';
import type { ReadModel } from './views/order-rows.ts';
import { type OrderView, viewOf } from './views/order-view.ts';
import { createRecentWrites } from './views/recent-writes.ts';

const codec = orderEventCodec(2);
const ctx = background('corr');
const request: OrderRequest = {
  customerId: 'c1',
  restaurantId: 'r1',
  items: [{ code: 'P1', name: 'Pizza', unitPrice: minor(1250), quantity: 2 }],
  amount: minor(2500),
  idempotencyKey: undefined,
};
const withKey = { ...request, idempotencyKey: 'k1' };
const away = (code: string) => new CodedError('unavailable', code, 'away');
const refused = (kind: Kind, code: string) => (error: unknown) => {
  assert.ok(error instanceof CodedError, String(error));
  assert.deepEqual([error.kind, error.code], [kind, code]);
  return true;
};

/** A service over a log in memory; the read model shows what `project` put there. */
function scene(more: Partial<OrderServiceOptions> = {}) {
  const log = createMemoryEventStore({ stream: ORDERS_STREAM });
  const rows = new Map<string, OrderView>();
  const asked = { appends: 0, reads: 0 };
  const broken = {
    log: false,
    timeout: false,
    readModel: false,
    known: false,
    slowLog: false,
    /** Callers leave while it appends. */
    left: false,
  };
  const recent = createRecentWrites();
  let clock = 0;
  const store: EventStore = {
    ...log,
    append: async (...args) => {
      asked.appends++;
      if (broken.timeout) throw new CodedError('timeout', 'append_timeout', 'late');
      if (broken.log) throw away('event_store_unavailable');
      const appended = log.append(...args);
      if (!broken.left) return appended;
      await appended;
      throw new CodedError('cancelled', 'cancelled', 'The caller stopped waiting.');
    },
    readAggregate: async (...args) => {
      asked.reads++;
      if (broken.slowLog) throw new CodedError('timeout', 'read_timeout', 'late');
      if (broken.log) throw away('event_store_unavailable');
      return log.readAggregate(...args);
    },
  };
  const readModel: ReadModel = {
    find: async (_ctx, orderId) => {
      if (broken.readModel) throw away('database_unavailable');
      return rows.get(orderId);
    },
    list: async () => ({ orders: [...rows.values()], next: undefined, position: 0n }),
  };
  const service = createOrderService({
    store,
    storeAway: () => broken.known,
    readModel,
    recent,
    codec,
    patienceMs: 1000,
    now: () => new Date(clock++),
    ...more,
  });
  return {
    service,
    log,
    asked,
    broken,
    recent,
    project: async (orderId: string) => {
      const view = viewOf(codec, await log.readAggregate(ctx, orderAggregate(orderId)));
      if (view !== undefined) rows.set(orderId, view);
    },
    append: (orderId: string, ...events: OrderEvent[]) =>
      log.append(ctx, {
        events: events.map((event) => ({
          ...codec.encode(event),
          eventId: derivedId('test', orderId, event.type),
          aggregateId: orderId,
          aggregateType: ORDER_AGGREGATE,
          metadata: {},
        })),
      }),
  };
}

const debited = (orderId: string): OrderEvent => ({
  type: 'paymentdebited',
  orderId,
  customerId: 'c1',
  amount: minor(2500),
  paymentId: 'p1',
});

describe('placing an order', () => {
  it('a crowd with one key asks the log once, and each is told what comes of its own request', async () => {
    const { service, asked } = scene();
    const other = { ...withKey, restaurantId: 'r2' };
    const crowd = Array.from({ length: 200 }, (_, i) =>
      service.place(ctx, i % 2 === 0 ? withKey : other),
    );
    const told = await Promise.allSettled(crowd);
    const orders = told.filter((one) => one.status === 'fulfilled').map(({ value }) => value);
    const failures = told.filter((one) => one.status === 'rejected').map(({ reason }) => reason);
    assert.equal(orders.length, 100);
    assert.equal(orders.filter(({ replayed }) => !replayed).length, 1);
    assert.equal(new Set(orders.map(({ order }) => JSON.stringify(order))).size, 1);
    assert.equal(failures.length, 100);
    assert.ok(failures.every(refused('already_exists', 'idempotency_key_reused')));
    assert.deepEqual(asked, { appends: 1, reads: 0 });
  });

  it('is one event in the log, the first of its order', async () => {
    const { service, log } = scene();
    const placed = await service.place(ctx, request);
    assert.equal(placed.version, 1n);
    assert.equal(placed.replayed, false);
    const { events } = await log.read(ctx, { limit: 10 });
    assert.equal(events.length, 1);
    assert.equal(events[0]?.eventType, 'ORDERS.created');
    assert.equal(events[0]?.aggregateId, placed.order.orderId);
    assert.equal(events[0]?.eventId, derivedId('ordersvc', placed.order.orderId, 'created'));
    assert.equal(events[0]?.metadata.correlation_id, 'corr');
    assert.deepEqual(codec.decode(events[0]), { type: 'created', order: placed.order });
  });

  it('an order that an earlier request placed is found by its key, and nothing is placed for it', async () => {
    const { service, asked } = scene();
    assert.equal(await service.placed(ctx, withKey), undefined);
    const first = await service.place(ctx, withKey);
    const { appends } = asked;
    assert.deepEqual(await service.placed(ctx, withKey), { ...first, replayed: true });
    const other = { ...withKey, restaurantId: 'r2' };
    await assert.rejects(
      service.placed(ctx, other),
      refused('already_exists', 'idempotency_key_reused'),
    );
    assert.equal(asked.appends, appends);
  });

  it('an order that is being placed is waited for by those who ask for its key', async () => {
    const { service, asked } = scene();
    const first = service.place(ctx, withKey);
    const found = await service.placed(ctx, withKey);
    assert.equal(found?.order.orderId, (await first).order.orderId);
    assert.deepEqual(asked, { appends: 1, reads: 0 });
  });

  it('an order whose caller left while it was placed is found by others who wait for its key', async () => {
    const { service, broken, asked } = scene();
    broken.left = true;
    const first = service.place(ctx, withKey);
    const waits = service.placed(ctx, withKey);
    await assert.rejects(first, refused('cancelled', 'cancelled'));
    assert.equal((await waits)?.replayed, true);
    assert.deepEqual(asked, { appends: 1, reads: 1 });
  });

  it('without a key each request is an order of its own', async () => {
    const { service } = scene();
    const [one, two] = [await service.place(ctx, request), await service.place(ctx, request)];
    assert.notEqual(one.order.orderId, two.order.orderId);
  });

  it('a retry with the same key gets the first answer and places no second order', async () => {
    const { service, log } = scene();
    const first = await service.place(ctx, withKey);
    assert.equal(first.order.orderId, orderIdFor('c1', 'k1'));
    const again = await service.place(ctx, withKey);
    assert.deepEqual(again, { ...first, replayed: true });
    assert.equal(await log.head(ctx), 1n);
  });

  describe('whose id is made with a secret', () => {
    const named = secretOrderIdFor(() => 'a secret of tests');
    const secret = { orderIdFor: named, earlierOrderIdFor: orderIdFor };

    it('has an id that nobody can compute, and a repeat finds it', async () => {
      const { service, log } = scene(secret);
      const first = await service.place(ctx, withKey);
      assert.equal(first.order.orderId, named('c1', 'k1'));
      assert.deepEqual(await service.place(ctx, withKey), { ...first, replayed: true });
      assert.deepEqual(await service.placed(ctx, withKey), { ...first, replayed: true });
      assert.equal(await log.head(ctx), 1n);
    });

    it('is not placed again if an earlier release placed it under an id without a secret', async () => {
      const { service, append, log } = scene(secret);
      const orderId = orderIdFor('c1', 'k1');
      const { order } = await scene().service.place(ctx, withKey);
      await append(orderId, { type: 'created', order });
      for (const ask of [service.place, service.placed]) {
        const found = await ask(ctx, withKey);
        assert.deepEqual([found?.order.orderId, found?.replayed], [orderId, true]);
      }
      const other = { ...withKey, restaurantId: 'r2' };
      await assert.rejects(
        service.place(ctx, other),
        refused('already_exists', 'idempotency_key_reused'),
      );
      assert.equal(await log.head(ctx), 1n);
    });

    it('is placed although somebody took the id that can be computed', async () => {
      const taken = orderIdFor('c1', 'k1');
      const eve = scene(secret);
      const { order } = await eve.service.place(ctx, { ...request, customerId: 'eve' });
      await eve.append(taken, { type: 'created', order: { ...order, orderId: taken } });
      assert.equal((await eve.service.place(ctx, withKey)).order.orderId, named('c1', 'k1'));
      const other = scene(secret);
      await other.append(taken, debited(taken));
      assert.equal((await other.service.place(ctx, withKey)).order.orderId, named('c1', 'k1'));
    });

    it('costs no further read where there are no earlier ids', async () => {
      const { service, asked } = scene({ orderIdFor: named });
      await service.place(ctx, withKey);
      assert.deepEqual(asked, { appends: 1, reads: 0 });
    });
  });

  it('the first answer does not change although the order went on', async () => {
    const { service, append } = scene();
    const first = await service.place(ctx, withKey);
    await append(first.order.orderId, debited(first.order.orderId));
    assert.deepEqual(await service.place(ctx, withKey), { ...first, replayed: true });
  });

  it('many retries at once are one order', async () => {
    const { service, log } = scene();
    const answers = await Promise.all(
      Array.from({ length: 20 }, () => service.place(ctx, withKey)),
    );
    assert.equal(new Set(answers.map(({ order }) => order.createdOn)).size, 1);
    assert.equal(answers.filter(({ replayed }) => !replayed).length, 1);
    assert.equal(await log.head(ctx), 1n);
  });

  it('a key used for another request is refused', async () => {
    const { service, log } = scene();
    await service.place(ctx, withKey);
    const [item] = request.items;
    assert.ok(item);
    const others: OrderRequest[] = [
      { ...withKey, restaurantId: 'r2' },
      { ...withKey, items: [...request.items, item] },
      ...[{ code: 'x' }, { name: 'x' }, { unitPrice: minor(1) }, { quantity: 1 }].map((other) => ({
        ...withKey,
        items: [{ ...item, ...other }],
      })),
    ];
    for (const other of others) {
      await assert.rejects(
        service.place(ctx, other),
        refused('already_exists', 'idempotency_key_reused'),
      );
    }
    assert.equal(await log.head(ctx), 1n);
  });

  it("one customer's key is not another's", async () => {
    const { service, log } = scene();
    await service.place(ctx, withKey);
    await service.place(ctx, { ...withKey, customerId: 'c2' });
    assert.equal(await log.head(ctx), 2n);
  });

  it('an unknown outcome is told as such, and the retry with the key finds out', async () => {
    const { service, log } = scene();
    const lossy = createOrderService({
      store: {
        ...log,
        append: async (...args) => {
          await log.append(...args);
          throw new CodedError('timeout', 'deadline_exceeded', 'no answer in time');
        },
      },
      storeAway: () => false,
      readModel: { find: async () => undefined, list: async () => assert.fail() },
      recent: createRecentWrites(),
      codec,
      patienceMs: 1000,
    });
    await assert.rejects(lossy.place(ctx, withKey), refused('unavailable', 'event_store_away'));
    assert.equal((await service.place(ctx, withKey)).replayed, true);
    assert.equal(await log.head(ctx), 1n);
  });

  it('time that runs out is told as an outage, with when to come back', async () => {
    const { service, broken } = scene();
    broken.timeout = true;
    await assert.rejects(service.place(ctx, request), (error) => {
      assert.ok(error instanceof CodedError && error.retryAfterMs !== undefined);
      return refused('unavailable', 'event_store_away')(error);
    });
  });

  it('an id that somebody else began with another event is not called ours', async () => {
    const { service, append } = scene();
    const orderId = orderIdFor('c1', 'k1');
    await append(orderId, debited(orderId));
    await assert.rejects(service.place(ctx, withKey), refused('conflict', 'foreign_order'));
  });
});

describe('reading an order', () => {
  it('right after placing it finds it, though the read model lacks it', async () => {
    const { service } = scene();
    const { order } = await service.place(ctx, request);
    const found = await service.get(ctx, { orderId: order.orderId });
    assert.equal(found.source, 'log');
    assert.equal(found.stale, false);
    assert.deepEqual(found.order, {
      details: order,
      status: 'Pending',
      payment: 'none',
      reason: undefined,
      version: 1n,
    });
  });

  it('takes the row where there is one, and leaves the log alone', async () => {
    const { service, broken, project } = scene();
    const { order } = await service.place(ctx, request);
    await project(order.orderId);
    broken.log = true;
    const found = await service.get(ctx, { orderId: order.orderId });
    assert.equal(found.source, 'read model');
    assert.equal(found.stale, false);
  });

  it('a row older than what was written here is not shown: the log is folded', async () => {
    const { service, project, append, recent } = scene();
    const { orderId } = (await service.place(ctx, request)).order;
    await project(orderId);
    await append(orderId, debited(orderId));
    assert.equal((await service.get(ctx, { orderId })).order.status, 'Pending', 'not written here');
    recent.remember(orderId, 2n);
    const found = await service.get(ctx, { orderId });
    assert.equal(found.source, 'log');
    assert.equal(found.order.status, 'Paid');
    assert.equal(found.order.version, 2n);
  });

  it('who was shown a version is not shown an older row after it, though nobody wrote it here', async () => {
    const { service, project, append, broken } = scene();
    const { orderId } = (await service.place(ctx, request)).order;
    await project(orderId);
    await append(orderId, debited(orderId));
    // The log is asked, for the row cannot be read; and then it can.
    broken.readModel = true;
    assert.equal((await service.get(ctx, { orderId })).order.status, 'Paid');
    broken.readModel = false;
    const found = await service.get(ctx, { orderId });
    assert.deepEqual([found.order.status, found.source], ['Paid', 'log']);
  });

  it('with the event store away an older row is shown, marked stale', async () => {
    const { service, broken, project, recent } = scene();
    const { orderId } = (await service.place(ctx, request)).order;
    await project(orderId);
    recent.remember(orderId, 2n);
    broken.log = true;
    const found = await service.get(ctx, { orderId });
    assert.equal(found.order.version, 1n);
    assert.equal(found.stale, true);
  });

  it('with the event store known to be away every row is marked stale', async () => {
    const { service, broken, project } = scene();
    const { orderId } = (await service.place(ctx, request)).order;
    await project(orderId);
    broken.log = broken.known = true;
    assert.equal((await service.get(ctx, { orderId })).stale, true);
  });

  it('with the event store away and no row it is unavailable', async () => {
    const { service, broken } = scene();
    const { orderId } = (await service.place(ctx, request)).order;
    broken.log = true;
    await assert.rejects(
      service.get(ctx, { orderId }),
      refused('unavailable', 'event_store_unavailable'),
    );
  });

  it('with the read model away the log is folded, and says why', async () => {
    const { service, broken, project } = scene();
    const { orderId } = (await service.place(ctx, request)).order;
    await project(orderId);
    broken.readModel = true;
    const found = await service.get(ctx, { orderId });
    assert.equal(found.source, 'log');
    assert.ok(found.readModelError instanceof CodedError);
  });

  it('a hanging read model leaves the log its time', async () => {
    const log = createMemoryEventStore({ stream: ORDERS_STREAM });
    const deadlines: number[] = [];
    const service = createOrderService({
      store: log,
      storeAway: () => false,
      readModel: {
        find: async ({ deadline }) => {
          deadlines.push((deadline ?? Number.POSITIVE_INFINITY) - performance.now());
          throw new CodedError('timeout', 'database_timeout', 'no answer');
        },
        list: async () => assert.fail(),
      },
      recent: createRecentWrites(),
      codec,
      patienceMs: 50,
    });
    const { order } = await service.place(ctx, request);
    await service.get(withTimeLeft(ctx, 10_000), { orderId: order.orderId });
    assert.equal(deadlines.length, 1);
    assert.ok(
      deadlines.every((ms) => ms <= 50 && ms > -10_000),
      `${deadlines}`,
    );
  });

  it('a version that was asked for is folded from the log, where the row is older', async () => {
    const { service, project, append, broken } = scene();
    const { orderId } = (await service.place(ctx, request)).order;
    await project(orderId);
    await append(orderId, debited(orderId));
    assert.equal((await service.get(ctx, { orderId, minVersion: 1n })).source, 'read model');
    const found = await service.get(ctx, { orderId, minVersion: 2n });
    assert.deepEqual([found.source, found.order.version, found.stale], ['log', 2n, false]);
    await project(orderId);
    broken.log = true;
    assert.equal((await service.get(ctx, { orderId, minVersion: 2n })).source, 'read model');
  });

  it('a version that the log does not have is a precondition that failed', async () => {
    const { service, project } = scene();
    const { orderId } = (await service.place(ctx, request)).order;
    const notReached = refused('precondition_failed', 'version_not_reached');
    await assert.rejects(service.get(ctx, { orderId, minVersion: 2n }), notReached);
    await assert.rejects(service.history(ctx, { orderId, minVersion: 2n }), notReached);
    await project(orderId);
    await assert.rejects(service.get(ctx, { orderId, minVersion: 2n }), notReached);
    assert.equal((await service.history(ctx, { orderId, minVersion: 1n })).length, 1);
    await assert.rejects(
      service.get(ctx, { orderId: 'none', minVersion: 2n }),
      refused('not_found', 'order_not_found'),
    );
  });

  it('another version than is named is a precondition that failed, judged by the log and not by an older row', async () => {
    const { service, project, append, broken } = scene();
    const { orderId } = (await service.place(ctx, request)).order;
    await project(orderId);
    assert.equal(
      (await service.get(ctx, { orderId, minVersion: 0n, ifMatch: [1n] })).source,
      'read model',
    );
    await append(orderId, debited(orderId));
    const mismatch = refused('precondition_failed', 'version_mismatch');
    assert.equal(
      (await service.get(ctx, { orderId, minVersion: 0n, ifMatch: [2n, 9n] })).order.version,
      2n,
    );
    for (const wanted of [[], [3n], [9n, 1n]]) {
      await assert.rejects(
        service.get(ctx, { orderId, minVersion: 2n, ifMatch: wanted }),
        mismatch,
      );
      await assert.rejects(
        service.history(ctx, { orderId, minVersion: 0n, ifMatch: wanted }),
        mismatch,
      );
    }
    assert.equal(
      (await service.history(ctx, { orderId, minVersion: 0n, ifMatch: [2n] })).length,
      2,
    );
    await assert.rejects(
      service.get(ctx, { orderId: 'none', minVersion: 0n, ifMatch: [1n] }),
      refused('not_found', 'order_not_found'),
    );
    broken.log = true;
    await assert.rejects(service.get(ctx, { orderId, minVersion: 0n, ifMatch: [7n] }), (error) =>
      isMachineryFailure(error),
    );
  });

  it('with the event store away no row older than was asked for is shown, not even as stale', async () => {
    const { service, broken, project, recent } = scene();
    const { orderId } = (await service.place(ctx, request)).order;
    await project(orderId);
    recent.remember(orderId, 3n);
    broken.log = true;
    const unavailable = refused('unavailable', 'event_store_unavailable');
    await assert.rejects(service.get(ctx, { orderId, minVersion: 2n }), unavailable);
    await assert.rejects(service.history(ctx, { orderId, minVersion: 2n }), unavailable);
    assert.equal(
      (await service.get(ctx, { orderId, minVersion: 1n })).stale,
      true,
      'old enough for who asks',
    );
  });

  it('a log that does not answer in time is an outage, with when to come back', async () => {
    const { service, broken, project } = scene();
    const { orderId } = (await service.place(ctx, request)).order;
    await project(orderId);
    broken.slowLog = true;
    const outage = (error: unknown) => {
      assert.ok(error instanceof CodedError && error.retryAfterMs !== undefined);
      return refused('unavailable', 'event_store_away')(error);
    };
    await assert.rejects(service.get(ctx, { orderId, minVersion: 2n }), outage);
    await assert.rejects(service.history(ctx, { orderId }), outage);
  });

  it('an order that nobody placed is not found', async () => {
    const { service, append } = scene();
    await assert.rejects(
      service.get(ctx, { orderId: 'none' }),
      refused('not_found', 'order_not_found'),
    );
    await append('headless', debited('headless'));
    await assert.rejects(
      service.get(ctx, { orderId: 'headless' }),
      refused('not_found', 'order_not_found'),
    );
  });

  it('a payload in the log that cannot be read is our fault, not the caller’s', async () => {
    const { service, log } = scene();
    await log.append(ctx, {
      events: [
        {
          eventId: 'e',
          eventType: 'ORDERS.created',
          aggregateId: 'o',
          aggregateType: ORDER_AGGREGATE,
          data: '{"order_id":1}',
          metadata: {},
        },
      ],
    });
    await assert.rejects(
      service.get(ctx, { orderId: 'o' }),
      refused('internal', 'unreadable_order'),
    );
  });
});

describe("an order's history", () => {
  it('is what stands in the log', async () => {
    const { service, append } = scene();
    const { orderId } = (await service.place(ctx, request)).order;
    await append(orderId, debited(orderId));
    const events = await service.history(ctx, { orderId });
    assert.deepEqual(
      events.map(({ eventType, version }) => [eventType, version]),
      [
        ['ORDERS.created', 1n],
        ['ORDERS.paymentdebited', 2n],
      ],
    );
  });

  it('of an unknown order is not found', async () => {
    const { service } = scene();
    await assert.rejects(
      service.history(ctx, { orderId: 'none' }),
      refused('not_found', 'order_not_found'),
    );
  });
});
