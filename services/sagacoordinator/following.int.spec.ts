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
import type { EventStore, NewEvent } from '../../shared/eventstore/event-store.ts';
import { newId } from '../../shared/eventstore/ids.ts';
import { createMemoryEventStore } from '../../shared/eventstore/memory/memory-event-store.ts';
import { logFollower } from '../../shared/eventstore/worker/log-follower.ts';
import { background } from '../../shared/kit/context.ts';
import { silentLogger } from '../../shared/kit/logger.ts';
import { noMeter } from '../../shared/kit/metrics/meter.ts';
import { batchMiddleware, workerMiddleware } from '../../shared/kit/middleware/onions.ts';
import type { Component } from '../../shared/kit/process/lifecycle.ts';
import { createDatabase, type Database } from '../../shared/kit/sql/database.ts';
import { migrate } from '../../shared/kit/sql/migrations.ts';
import { noHook } from '../../shared/kit/transport/hooks.ts';
import { minor } from '../../shared/money/money.ts';
import { catchUp } from '../../shared/process-manager/catch-up.ts';
import { deadlineTransport } from '../../shared/process-manager/deadline-transport.ts';
import { type Deadlines, sqlDeadlines } from '../../shared/process-manager/deadlines.ts';
import { gatheredWrites } from '../../shared/process-manager/gathered-writes.ts';
import { groupedWrites } from '../../shared/process-manager/grouped-writes.ts';
import { sqlLease } from '../../shared/process-manager/lease.ts';
import { eventually } from '../../shared/testing/eventually.ts';
import { orderCreated } from '../../shared/testing/worker-rig.ts';
import { spanRecorder } from '../../shared/testing/zipkin/span-recorder.ts';
import { testPostgres } from '../../stack/testing.ts';
import { traceEndpoint } from '../../zipkin/endpoint.ts';
import { loggedEventTrace } from '../../zipkin/logged-event.ts';
import { continueTrace } from '../../zipkin/propagation.ts';
import { sagaEndpoints } from './endpoints.ts';
import { followedTypes } from './saga/followed-types.ts';
import { ORDER_ID } from './saga/order-deadlines.ts';
import type { DeadlineKind } from './saga/saga.ts';
import { createSagaService } from './service.ts';

const codec = orderEventCodec(2);
const ctx = background();

describe('saga coordinator over the log', function suite() {
  this.timeout(30_000);
  let store: EventStore;
  let database: Database;
  let deadlines: Deadlines<DeadlineKind>;
  let statements: number;
  let running: Component[];

  beforeEach(async () => {
    store = createMemoryEventStore({ stream: ORDERS_STREAM });
    const url = await (await testPostgres()).createDatabase();
    await migrate({ url, folder: join(import.meta.dirname, 'migrations'), logger: silentLogger });
    database = createDatabase({
      url,
      name: 'sagacoordinator',
      poolSize: 4,
      queryTimeoutMs: 5_000,
      logger: silentLogger,
    });
    const table = sqlDeadlines<DeadlineKind>(database, { idColumn: ORDER_ID });
    statements = 0;
    deadlines = {
      ...table,
      put: async (...args) => {
        statements++;
        await table.put(...args);
      },
      remove: async (...args) => {
        statements++;
        await table.remove(...args);
      },
    };
    running = [];
  });
  afterEach(async () => {
    await Promise.all(running.map((component) => component.stop?.()));
    await database.stop();
  });

  async function append(event: OrderEvent, overrides: Partial<NewEvent> = {}): Promise<void> {
    const aggregateId = event.type === 'created' ? event.order.orderId : event.orderId;
    const own = { eventId: newId(), aggregateId, aggregateType: ORDER_AGGREGATE, metadata: {} };
    await store.append(ctx, { events: [{ ...own, ...codec.encode(event), ...overrides }] });
  }

  /** A whole coordinator, with deadlines of `waitMs`. */
  async function start(waitMs: number, recorder = spanRecorder()): Promise<Component> {
    const times = { payment: waitMs, review: waitMs, void: 60_000, ceiling: 60_000 };
    const writes = gatheredWrites(groupedWrites(deadlines), 200);
    const service = createSagaService(store, writes, times, codec);
    const onion = { meter: noMeter, logger: silentLogger, timeoutMs: 2_000 };
    const endpoints = sagaEndpoints(service, codec, {
      event: (name) =>
        workerMiddleware({
          ...onion,
          tracing: traceEndpoint(recorder.tracer, name),
          name,
          consumer: durables.saga,
          park: (context, letter) => store.park(context, letter),
          insist: true,
        }),
      batch: (name) => batchMiddleware({ ...onion, name }),
      deadline: (name) => traceEndpoint(recorder.tracer, name),
    });
    const follower = logFollower({
      ...endpoints,
      consumer: durables.saga,
      aggregateType: ORDER_AGGREGATE,
      turn: sqlLease(database, { name: durables.saga, leaseMs: 1_000, logger: silentLogger }),
      store,
      hook: loggedEventTrace(recorder.tracer, durables.saga),
      replayHook: noHook,
      continued: continueTrace,
      settings: { maxInFlight: 16, maxDeliver: 3, retryDelaysMs: [10] },
      logger: silentLogger,
      meter: noMeter,
    });
    const clock = deadlineTransport(endpoints.deadlineDue, {
      deadlines,
      catchUp: catchUp(store, durables.saga, followedTypes),
      // No worker runs here that could be waited for.
      delivery: { look: async () => undefined, rest: () => 0 },
      continued: continueTrace,
      maxFiring: 16,
      pollMs: 50,
      logger: silentLogger,
    });
    for (const component of [follower, clock]) {
      running.push(component);
      await component.start?.();
    }
    return clock;
  }

  const debited = (orderId: string): OrderEvent => ({
    type: 'paymentdebited',
    orderId,
    customerId: 'customer-1',
    amount: minor(100),
    paymentId: 'payment-1',
  });

  const types = async (orderId: string) =>
    (await store.readAggregate(ctx, orderAggregate(orderId))).map(({ eventType }) =>
      eventType.slice('ORDERS.'.length),
    );
  const untilTypes = (orderId: string, ...wanted: string[]) =>
    eventually(
      `${orderId}: ${wanted}`,
      async () => (await types(orderId)).join() === wanted.join(),
    );

  it('an order that nobody pays is cancelled and its payment voided, in its own trace', async () => {
    const recorder = spanRecorder();
    const traceparent = `00-${'a'.repeat(32)}-${'b'.repeat(16)}-01`;
    await start(300, recorder);
    await append(orderCreated('order-1'), {
      metadata: { traceparent, correlation_id: 'submission-1' },
    });
    await untilTypes('order-1', 'created', 'cancelled', 'voidrequested');
    const recorded = await store.readAggregate(ctx, orderAggregate('order-1'));
    assert.deepEqual(
      recorded.map(({ metadata }) => [metadata.correlation_id, metadata.causation_id]),
      [
        ['submission-1', undefined],
        ['submission-1', recorded[0]?.eventId],
        ['submission-1', recorded[1]?.eventId],
      ],
    );
    // It ends a moment after what it did can be seen.
    const span = await eventually('the span of the deadline', () =>
      recorder.spans().find(({ kind }) => kind === 'INTERNAL'),
    );
    assert.deepEqual([span.traceId, span.parentId], ['a'.repeat(32), 'b'.repeat(16)]);
  });

  it('two coordinators give every order that stands still one end and one void', async () => {
    await start(300);
    await start(300);
    const orders = Array.from({ length: 50 }, (_, n) => `order-${n}`);
    for (const order of orders) {
      await append(orderCreated(order));
      await append(debited(order));
    }
    for (const order of orders) {
      await untilTypes(order, 'created', 'paymentdebited', 'cancelled', 'voidrequested');
    }
    await eventually('no deadline is left but those of the voids', async () => {
      return (await deadlines.upcoming(ctx, 200)).every(({ kind }) => kind === 'void');
    });
  });

  it('what was appended while it was away is read before any deadline fires', async () => {
    for (let n = 0; n < 200; n++) {
      await append(orderCreated(`order-${n}`));
      await append(debited(`order-${n}`));
      await append({ type: 'approved', orderId: `order-${n}`, decidedBy: 'policy' });
    }
    await append({ type: 'paymentvoided', orderId: 'order-0', paymentId: '' });
    const clock = await start(1);
    await eventually('all is read', async () => {
      const { position } = await store.getCheckpoint(ctx, durables.saga);
      return position === 601n && (await deadlines.upcoming(ctx, 10)).length === 0;
    });
    await eventually('it is ready', () => clock.notReady?.() === undefined);
    assert.equal(await store.head(ctx), 601n);
  });

  it('an order that ends within the window costs no statement', async () => {
    await start(60_000);
    await eventually('it follows', () => running[0]?.notReady?.() === undefined);
    for (let n = 0; n < 50; n++) {
      await append(orderCreated(`order-${n}`));
      await append(debited(`order-${n}`));
      await append({ type: 'approved', orderId: `order-${n}`, decidedBy: 'policy' });
    }
    await eventually('all is done', async () => {
      return (await store.getCheckpoint(ctx, durables.saga)).position === 150n;
    });
    assert.equal(statements, 0);
    await append(orderCreated('order-50'));
    await eventually('its deadline', async () => (await deadlines.upcoming(ctx, 2)).length === 1);
  });

  it('an event that cannot be read is parked, and the next order is followed', async () => {
    await start(60_000);
    await append(orderCreated('poison'), { data: '{"order_id":"poison"}' });
    await append(orderCreated('order-1'));
    await eventually('order-1 has its deadline', async () => {
      return (
        (await deadlines.upcoming(ctx, 2)).map(({ aggregateId }) => aggregateId).join() ===
        'order-1'
      );
    });
    const [letter] = await eventually('a dead letter', async () => {
      const letters = await store.deadLetters(ctx, { consumer: durables.saga, limit: 10 });
      return letters.length > 0 && letters;
    });
    assert.equal(letter?.reason, 'unreadable_event');
  });
});
