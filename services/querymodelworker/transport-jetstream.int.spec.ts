import assert from 'node:assert/strict';
import { join } from 'node:path';
import { headers } from 'nats';
import { pino } from 'pino';
import { orderEventCodec } from '../../shared/contracts/events.ts';
import { ORDER_AGGREGATE } from '../../shared/contracts/subjects.ts';
import { newId } from '../../shared/eventstore/ids.ts';
import { background } from '../../shared/kit/context.ts';
import { CodedError } from '../../shared/kit/errors.ts';
import { silentLogger } from '../../shared/kit/logger.ts';
import type { Component } from '../../shared/kit/process/lifecycle.ts';
import { createDatabase, type Database } from '../../shared/kit/sql/database.ts';
import { migrate } from '../../shared/kit/sql/migrations.ts';
import { connectNats } from '../../shared/kit/transport/nats/nats-connection.ts';
import type { PublishedLog } from '../../shared/testing/published-log.ts';
import { orderCreated, type WorkerRig, workerRig } from '../../shared/testing/worker-rig.ts';
import { spanRecorder } from '../../shared/testing/zipkin/span-recorder.ts';
import { testNats, testPostgres } from '../../stack/testing.ts';
import { until } from '../../stack/until.ts';
import { jetstreamConsumerTrace } from '../../zipkin/jetstream.ts';
import { queryModelEndpoints } from './endpoints.ts';
import { rebuildReadModel } from './rebuild/rebuild-read-model.ts';
import { createQueryModelService, type QueryModelService } from './service.ts';
import { sqlReadModel } from './table/read-model.ts';
import { jetstreamTransport, type ProjectionTransportOptions } from './transport-jetstream.ts';

const codec = orderEventCodec(2);
const ctx = background();

describe('projection over JetStream', function suite() {
  this.timeout(30_000);
  let rig: WorkerRig;
  let log: PublishedLog;
  let database: Database;
  let service: QueryModelService;

  beforeEach(async () => {
    rig = await workerRig(await testNats());
    log = rig.log;
    const url = await (await testPostgres()).createDatabase();
    await migrate({ url, folder: join(import.meta.dirname, 'migrations'), logger: silentLogger });
    database = createDatabase({
      url,
      name: 'querymodelworker',
      poolSize: 4,
      queryTimeoutMs: 5_000,
      logger: silentLogger,
    });
    service = createQueryModelService(sqlReadModel(database), codec);
  });
  afterEach(async () => {
    await rig.stop();
    await database.stop();
  });

  async function start(
    overrides: Partial<QueryModelService> = {},
    tracer = spanRecorder().tracer,
    options: Partial<ProjectionTransportOptions> = {},
  ): Promise<Component> {
    const used = { ...service, ...overrides };
    const transport = jetstreamTransport(
      queryModelEndpoints(used, () => (next) => next),
      {
        connection: rig.nats.connection,
        checkpoint: used.checkpoint,
        place: sqlReadModel(database).place,
        log: log.store,
        hook: jetstreamConsumerTrace(tracer),
        maxBatch: 50,
        logger: silentLogger,
        ...options,
      },
    );
    await rig.start(transport);
    return transport;
  }

  const place = (orderId = newId(), metadata: Record<string, string> = {}): Promise<string> =>
    rig.append(orderCreated(orderId), { metadata });

  const projected = (position: bigint) =>
    until(async () => (await service.checkpoint(ctx)) >= position, {
      what: `projected up to ${position}`,
      deadlineMs: 10_000,
    });

  async function rowCount(): Promise<number> {
    return (await sqlReadModel(database).orderIds(ctx, '', 10_000)).length;
  }

  it('projects what was there and what comes, and is ready', async () => {
    for (let n = 0; n < 60; n++) await place();
    const transport = await start();
    await projected(60n);
    await place();
    await projected(61n);
    assert.equal(await rowCount(), 61);
    assert.equal(transport.notReady?.(), undefined);
  });

  it('goes on from the read model’s own checkpoint', async () => {
    await place();
    const first = await start();
    await projected(1n);
    await first.stop?.();
    await place();
    const afters: bigint[] = [];
    await start({
      project: (context, batch) => {
        afters.push(batch.after);
        return service.project(context, batch);
      },
    });
    await projected(2n);
    assert.deepEqual(afters, [1n]);
  });

  it('a failure is met by beginning again at the checkpoint', async () => {
    let failures = 2;
    await start({
      project: (context, batch) =>
        failures-- > 0
          ? Promise.reject(new CodedError('unavailable', 'away', 'The database is away.'))
          : service.project(context, batch),
    });
    for (let n = 0; n < 5; n++) await place();
    await projected(5n);
    assert.equal(await rowCount(), 5);
  });

  it('of two instances one works and the other takes over', async () => {
    let firstStopped = false;
    let afterItsStop = 0;
    const byFirst: boolean[] = [];
    const first = await start({
      project: async (context, batch) => {
        // Counted, and not asserted: the transport would take a failure for an outage.
        if (firstStopped) afterItsStop++;
        const result = await service.project(context, batch);
        byFirst.push(result.applied);
        return result;
      },
    });
    for (let n = 0; n < 20; n++) await place();
    await projected(20n);
    assert.ok(byFirst.includes(true));
    await start();
    for (let n = 0; n < 100; n++) await place();
    await projected(120n);
    await first.stop?.();
    firstStopped = true;
    for (let n = 0; n < 30; n++) await place();
    await projected(150n);
    assert.equal(await rowCount(), 150);
    assert.equal(afterItsStop, 0);
  });

  it('a message that the relay did not publish is replaced by the log’s event', async () => {
    await place();
    await log.published();
    // Somebody else's message, where the log's second event should stand.
    await (await rig.nats.connection()).jetstream().publish('ORDERS.created', '{}', {
      headers: headers(),
    });
    const ids = new Map<bigint, string>();
    await start({
      project: (context, batch) => {
        for (const { position, eventId } of batch.events) ids.set(position, eventId);
        return service.project(context, batch);
      },
    });
    await projected(1n);
    const eventId = newId();
    await log.store.append(ctx, {
      events: [
        {
          eventId,
          aggregateId: 'order-2',
          aggregateType: ORDER_AGGREGATE,
          metadata: {},
          eventType: 'ORDERS.tasted',
          data: '',
        },
      ],
    });
    await projected(2n);
    assert.equal(ids.get(2n), eventId);
  });

  it('where the stream begins later, the events between are read from the log', async () => {
    for (let n = 0; n < 120; n++) await place();
    await log.published();
    const manager = await (await rig.nats.connection()).jetstreamManager();
    await manager.streams.delete('ORDERS');
    await manager.streams.add({ name: 'ORDERS', subjects: ['ORDERS.*'], first_seq: 121 });
    await start();
    await place();
    await projected(121n);
    assert.equal(await rowCount(), 121);
  });

  it('two instances may read the log at once where the stream begins later', async () => {
    for (let n = 0; n < 120; n++) await place();
    await log.published();
    const manager = await (await rig.nats.connection()).jetstreamManager();
    await manager.streams.delete('ORDERS');
    await manager.streams.add({ name: 'ORDERS', subjects: ['ORDERS.*'], first_seq: 121 });
    const faults: unknown[] = [];
    let calls = 0;
    await start({
      project: async (context, batch) => {
        if (calls++ === 0) {
          // Another instance is further already, and not at the end of a page.
          const { events } = await log.store.read(ctx, { limit: 70 });
          await service.project(ctx, { after: 0n, events });
        }
        return service.project(context, batch).catch((error) => {
          faults.push(error);
          throw error;
        });
      },
    });
    await projected(120n);
    assert.deepEqual(faults, []);
    assert.equal(await rowCount(), 120);
  });

  async function setCheckpoint(position: bigint): Promise<void> {
    await database.query(
      ctx,
      (sql) => sql`update projection_checkpoint set position = ${String(position)}::int8`,
    );
  }

  it('a read model ahead of the log is left alone and said, until it is rebuilt as was said', async () => {
    for (let n = 0; n < 3; n++) await place();
    await log.published();
    await setCheckpoint(9n);
    const transport = await start();
    const said = await until(
      () => /at 9, .* ends at 3.*: npx (.*)/.exec(transport.degraded?.() ?? '') ?? false,
      {
        what: 'said',
        deadlineMs: 10_000,
      },
    );
    // What the log gets now at a position that the checkpoint has passed must not be skipped.
    for (let n = 0; n < 8; n++) await place();
    assert.equal(said[1], 'ordersctl read-model rebuild');
    await rebuildReadModel(ctx, { log: log.store, database, codec });
    await until(async () => (await rowCount()) === 11, { what: 'filled', deadlineMs: 10_000 });
    await projected(11n);
    await until(
      () => transport.notReady?.() === undefined && transport.degraded?.() === undefined,
      {
        what: 'ready',
        deadlineMs: 10_000,
      },
    );
  });

  describe('whose log is restored to an older state while it runs', () => {
    /** The log as it is then: where it ends, and whether it has other events than before. */
    let restored: { head: bigint | undefined; life: string; asked: number };
    let transport: Component;
    beforeEach(async () => {
      for (let n = 0; n < 5; n++) await place();
      restored = { head: undefined, life: '', asked: 0 };
      const as = {
        ...log.store,
        head: async () => {
          restored.asked++;
          return restored.head ?? (await log.store.head(ctx));
        },
        read: async (...args: Parameters<typeof log.store.read>) => {
          const { events, nextPosition } = await log.store.read(...args);
          const { life } = restored;
          return {
            events: events.map((event) => ({ ...event, eventId: `${life}${event.eventId}` })),
            nextPosition,
          };
        },
      };
      transport = await start({}, undefined, { log: as, lookMs: 100 });
      await projected(5n);
      restored.head = 2n;
      await said(/ahead of the log/);
    });
    const said = (what: RegExp) =>
      until(() => what.test(transport.degraded?.() ?? ''), { what: 'said', deadlineMs: 10_000 });

    it('projects nothing, also when the log has grown past it with other events', async () => {
      restored.life = 'other-';
      restored.head = undefined;
      await place();
      await log.published();
      await said(/ends with event \S+ at 5, where the log has other-/);
      const { asked } = restored;
      await until(() => restored.asked >= asked + 2, { what: 'looked again', deadlineMs: 10_000 });
      assert.equal(await service.checkpoint(ctx), 5n);
      restored.life = '';
      await rebuildReadModel(ctx, { log: log.store, database, codec });
      await projected(6n);
    });

    it('goes on by itself when the log has its events back', async () => {
      restored.head = undefined;
      await place();
      await projected(6n);
      assert.deepEqual([transport.notReady?.(), transport.degraded?.()], [undefined, undefined]);
    });

    it('does not, where nobody knows which event its checkpoint stands at', async () => {
      await database.query(ctx, (sql) => sql`update projection_checkpoint set event_position = 0`);
      restored.head = undefined;
      await place();
      await log.published();
      const { asked } = restored;
      await until(() => restored.asked >= asked + 2, { what: 'looked again', deadlineMs: 10_000 });
      assert.equal(await service.checkpoint(ctx), 5n);
    });
  });

  it('where the log goes on and nothing comes, it says so and reads again', async () => {
    const lines: string[] = [];
    const logger = pino({ level: 'warn' }, { write: (line: string) => void lines.push(line) });
    for (let n = 0; n < 3; n++) await place();
    const further = { ...log.store, head: async () => 4n };
    const transport = await start({}, undefined, {
      log: further,
      lookMs: 50,
      stuckMs: 300,
      logger,
    });
    await until(() => lines.some((line) => /4 events.* stuck at 3/.test(line)), {
      what: 'said',
      deadlineMs: 10_000,
    });
    assert.match(transport.degraded?.() ?? '', /is stuck at 3/);
    await place();
    await projected(4n);
    await until(() => transport.degraded?.() === undefined, { what: 'over', deadlineMs: 5_000 });
  });

  it('each event has its span in the trace it came with, ended when its row is there', async () => {
    const recorder = spanRecorder('querymodelworker');
    const traceIds = ['a'.repeat(32), 'b'.repeat(32)];
    for (const traceId of traceIds) {
      await place(newId(), { traceparent: `00-${traceId}-${'c'.repeat(16)}-01` });
    }
    await start({}, recorder.tracer);
    await projected(2n);
    await until(() => recorder.spans().length === 2, { what: 'two spans', deadlineMs: 5_000 });
    assert.deepEqual(
      recorder.spans().map((span) => [span.traceId, span.parentId, span.kind]),
      traceIds.map((traceId) => [traceId, 'c'.repeat(16), 'CONSUMER']),
    );
  });

  it('an instance that came second lets the other work, and takes over where it stands still', async () => {
    let attempts = 0;
    await start({
      project: async (context, batch) => {
        // Another instance is quicker with the first batch.
        if (attempts++ === 0) await service.project(context, batch);
        return service.project(context, batch);
      },
    });
    await place();
    await projected(1n);
    for (let n = 0; n < 40; n++) {
      await place();
      // The other one goes on, event by event.
      const after = await service.checkpoint(ctx);
      const { events } = await log.store.read(ctx, { afterPosition: after, limit: 100 });
      if (events.length > 0) await service.project(ctx, { after, events });
    }
    assert.ok(attempts <= 5, `${attempts} attempts beside an instance that is at work`);
    await place();
    await projected(42n);
  });

  it('stops also while NATS has never been there', async () => {
    const away = connectNats({ url: 'nats://127.0.0.1:1', name: 'test', logger: silentLogger });
    const transport = jetstreamTransport(
      queryModelEndpoints(service, () => (next) => next),
      {
        connection: away.connection,
        checkpoint: service.checkpoint,
        place: sqlReadModel(database).place,
        log: log.store,
        hook: jetstreamConsumerTrace(spanRecorder().tracer),
        maxBatch: 50,
        logger: silentLogger,
      },
    );
    await transport.start?.();
    await service.checkpoint(ctx);
    await transport.stop?.();
    await away.stop();
  });

  it('a second stop is harmless, and a stop before anything came ends at once', async () => {
    const transport = await start();
    await transport.stop?.();
    await transport.stop?.();
    assert.equal(transport.notReady?.(), 'stopped');
  });
});
