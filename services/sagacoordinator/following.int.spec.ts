import assert from 'node:assert/strict';
import { join } from 'node:path';
import { orderEventCodec } from '../../shared/contracts/events.ts';
import { durables, orderAggregate } from '../../shared/contracts/subjects.ts';
import type { OrderEvent } from '../../shared/domain/order.ts';
import { background } from '../../shared/kit/context.ts';
import { silentLogger } from '../../shared/kit/logger.ts';
import type { Component } from '../../shared/kit/process/lifecycle.ts';
import { createDatabase, type Database } from '../../shared/kit/sql/database.ts';
import { migrate } from '../../shared/kit/sql/migrations.ts';
import { minor } from '../../shared/money/money.ts';
import { catchUp } from '../../shared/process-manager/catch-up.ts';
import { deadlineTransport } from '../../shared/process-manager/deadline-transport.ts';
import { type Deadlines, sqlDeadlines } from '../../shared/process-manager/deadlines.ts';
import { groupedWrites } from '../../shared/process-manager/grouped-writes.ts';
import { eventually } from '../../shared/testing/eventually.ts';
import type { PublishedLog } from '../../shared/testing/published-log.ts';
import { orderCreated, type WorkerRig, workerRig } from '../../shared/testing/worker-rig.ts';
import { spanRecorder } from '../../shared/testing/zipkin/span-recorder.ts';
import { testNats, testPostgres } from '../../stack/testing.ts';
import { traceEndpoint } from '../../zipkin/endpoint.ts';
import { continueTrace } from '../../zipkin/propagation.ts';
import { sagaEndpoints } from './endpoints.ts';
import { followedTypes } from './saga/followed-types.ts';
import { ORDER_ID } from './saga/order-deadlines.ts';
import type { DeadlineKind } from './saga/saga.ts';
import { createSagaService } from './service.ts';

const codec = orderEventCodec(2);
const ctx = background();

describe('saga coordinator over JetStream', function suite() {
  this.timeout(30_000);
  let rig: WorkerRig;
  let log: PublishedLog;
  let database: Database;
  let deadlines: Deadlines<DeadlineKind>;

  beforeEach(async () => {
    rig = await workerRig(await testNats());
    log = rig.log;
    const url = await (await testPostgres()).createDatabase();
    await migrate({ url, folder: join(import.meta.dirname, 'migrations'), logger: silentLogger });
    database = createDatabase({
      url,
      name: 'sagacoordinator',
      poolSize: 4,
      queryTimeoutMs: 5_000,
      logger: silentLogger,
    });
    deadlines = sqlDeadlines(database, { idColumn: ORDER_ID });
  });
  afterEach(async () => {
    await rig.stop();
    await database.stop();
  });

  /** A whole coordinator, with deadlines of `waitMs`. */
  async function start(waitMs: number, recorder = spanRecorder()): Promise<Component> {
    const times = { payment: waitMs, review: waitMs, void: 60_000, ceiling: 60_000 };
    const service = createSagaService(log.store, groupedWrites(deadlines), times, codec);
    const endpoints = sagaEndpoints(service, codec, {
      event: rig.onion(durables.saga),
      deadline: (name) => traceEndpoint(recorder.tracer, name),
    });
    const events = rig.worker(durables.saga, endpoints.handles);
    const clock = deadlineTransport(endpoints.deadlineDue, {
      deadlines,
      catchUp: catchUp(log.store, durables.saga, followedTypes),
      // No worker runs here that could be waited for.
      delivery: { look: async () => undefined, rest: () => 0 },
      continued: continueTrace,
      maxFiring: 16,
      pollMs: 50,
      logger: silentLogger,
    });
    await rig.start(events, clock);
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
    (await log.store.readAggregate(ctx, orderAggregate(orderId))).map(({ eventType }) =>
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
    await rig.append(orderCreated('order-1'), {
      metadata: { traceparent, correlation_id: 'submission-1' },
    });
    await untilTypes('order-1', 'created', 'cancelled', 'voidrequested');
    const recorded = await log.store.readAggregate(ctx, orderAggregate('order-1'));
    assert.deepEqual(
      recorded.map(({ metadata }) => [metadata.correlation_id, metadata.causation_id]),
      [
        ['submission-1', undefined],
        ['submission-1', recorded[0]?.eventId],
        ['submission-1', recorded[1]?.eventId],
      ],
    );
    // It ends a moment after what it did can be seen.
    const span = await eventually('the span of the deadline', () => recorder.spans()[0]);
    assert.deepEqual([span.traceId, span.parentId], ['a'.repeat(32), 'b'.repeat(16)]);
  });

  it('two coordinators give every order that stands still one end and one void', async () => {
    await start(300);
    await start(300);
    const orders = Array.from({ length: 50 }, (_, n) => `order-${n}`);
    for (const order of orders) {
      await rig.append(orderCreated(order));
      await rig.append(debited(order));
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
      await rig.append(orderCreated(`order-${n}`));
      await rig.append(debited(`order-${n}`));
      await rig.append({ type: 'approved', orderId: `order-${n}`, decidedBy: 'policy' });
    }
    await rig.append({ type: 'paymentvoided', orderId: 'order-0', paymentId: '' });
    await log.published();
    const clock = await start(1);
    await eventually('all is read', async () => {
      const { position } = await log.store.getCheckpoint(ctx, durables.saga);
      return position === 601n && (await deadlines.upcoming(ctx, 10)).length === 0;
    });
    await eventually('it is ready', () => clock.notReady?.() === undefined);
    assert.equal(await log.store.head(ctx), 601n);
  });

  it('an event that cannot be read is parked, and the next order is followed', async () => {
    await start(60_000);
    await rig.append(orderCreated('poison'), { data: '{"order_id":"poison"}' });
    await rig.append(orderCreated('order-1'));
    await eventually('order-1 has its deadline', async () => {
      return (
        (await deadlines.upcoming(ctx, 2)).map(({ aggregateId }) => aggregateId).join() ===
        'order-1'
      );
    });
    const [letter] = await eventually('a dead letter', async () => {
      const letters = await log.store.deadLetters(ctx, { consumer: durables.saga, limit: 10 });
      return letters.length > 0 && letters;
    });
    assert.equal(letter?.reason, 'unreadable_event');
  });
});
