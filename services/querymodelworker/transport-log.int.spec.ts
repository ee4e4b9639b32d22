import assert from 'node:assert/strict';
import { join } from 'node:path';
import { AlwaysOnSampler, ParentBasedSampler } from '@opentelemetry/sdk-trace';
import { pino } from 'pino';
import { orderEventCodec } from '../../shared/contracts/events.ts';
import { ORDER_AGGREGATE, ORDERS_STREAM } from '../../shared/contracts/subjects.ts';
import type { EventStore, NewEvent, StreamRequest } from '../../shared/eventstore/event-store.ts';
import { newId } from '../../shared/eventstore/ids.ts';
import { createMemoryEventStore } from '../../shared/eventstore/memory/memory-event-store.ts';
import { background, type Context } from '../../shared/kit/context.ts';
import { CodedError } from '../../shared/kit/errors.ts';
import { silentLogger } from '../../shared/kit/logger.ts';
import type { Component } from '../../shared/kit/process/lifecycle.ts';
import { createDatabase, type Database } from '../../shared/kit/sql/database.ts';
import { migrate } from '../../shared/kit/sql/migrations.ts';
import { noHook } from '../../shared/kit/transport/hooks.ts';
import { orderCreated } from '../../shared/testing/worker-rig.ts';
import { spanRecorder } from '../../shared/testing/zipkin/span-recorder.ts';
import { testPostgres } from '../../stack/testing.ts';
import { until } from '../../stack/until.ts';
import { loggedEventTrace } from '../../zipkin/logged-event.ts';
import { queryModelEndpoints } from './endpoints.ts';
import { rebuildReadModel } from './rebuild/rebuild-read-model.ts';
import { createQueryModelService, type QueryModelService } from './service.ts';
import { sqlReadModel } from './table/read-model.ts';
import { logTransport, type ProjectionTransportOptions } from './transport-log.ts';

const codec = orderEventCodec(2);
const ctx = background();
const away = () => new CodedError('unavailable', 'away', 'It is away.');

describe('projection of a log that is followed', function suite() {
  this.timeout(30_000);
  let log: EventStore;
  let running: Component[];
  let database: Database;
  let service: QueryModelService;

  beforeEach(async () => {
    log = createMemoryEventStore({ stream: ORDERS_STREAM });
    running = [];
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
    await Promise.all(running.map((component) => component.stop?.()));
    await database.stop();
  });

  async function start(
    overrides: Partial<QueryModelService> = {},
    options: Partial<ProjectionTransportOptions> = {},
  ): Promise<Component> {
    const used = { ...service, ...overrides };
    const transport = logTransport(
      queryModelEndpoints(used, () => (next) => next),
      {
        checkpoint: used.checkpoint,
        place: sqlReadModel(database).place,
        log,
        hook: noHook,
        maxBatch: 50,
        gatherMs: 1,
        logger: silentLogger,
        ...options,
      },
    );
    running.push(transport);
    await transport.start?.();
    return transport;
  }

  /** Appends a new order, changed by `overrides`. */
  const place = (overrides: Partial<NewEvent> = {}) => {
    const aggregateId = overrides.aggregateId ?? newId();
    const own = { eventId: newId(), aggregateId, aggregateType: ORDER_AGGREGATE, metadata: {} };
    const event = { ...own, ...codec.encode(orderCreated(aggregateId)), ...overrides };
    return log.append(ctx, { events: [event] });
  };

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
        failures-- > 0 ? Promise.reject(away()) : service.project(context, batch),
    });
    for (let n = 0; n < 5; n++) await place();
    await projected(5n);
    assert.equal(await rowCount(), 5);
  });

  it('a batch whose answer is lost is written once, and the next one follows it', async () => {
    let answered = false;
    const afters: bigint[] = [];
    await start({
      project: async (context, batch) => {
        afters.push(batch.after);
        const result = await service.project(context, batch);
        if (answered) return result;
        answered = true;
        // As when the process is killed between the statement and its answer.
        throw away();
      },
    });
    await place();
    await projected(1n);
    await place();
    await projected(2n);
    assert.deepEqual(afters, [0n, 1n]);
    assert.equal(await rowCount(), 2);
  });

  it('a log that is away, or leaves while it is read, is asked until it is there', async () => {
    let failures = 4;
    const unreliable = {
      ...log,
      head: (context: Context) => (failures-- > 2 ? Promise.reject(away()) : log.head(context)),
      batches: async (context: Context, request: StreamRequest) => {
        const batches = await log.batches(context, request);
        async function* once() {
          for await (const events of batches) {
            yield events;
            if (failures-- > 0) throw away();
          }
        }
        return once();
      },
    };
    const transport = await start({}, { log: unreliable });
    for (let n = 1n; n <= 4n; n++) {
      await place();
      await projected(n);
    }
    assert.ok(failures <= 0);
    assert.equal(await rowCount(), 4);
    await until(() => transport.notReady?.() === undefined, { what: 'ready', deadlineMs: 5_000 });
  });

  it('the log is asked for what follows the very event that the checkpoint stands at', async () => {
    const requests: StreamRequest[] = [];
    const asked = {
      ...log,
      batches: (context: Context, request: StreamRequest) => {
        requests.push(request);
        return log.batches(context, request);
      },
    };
    await place({ eventId: 'the-first' });
    const first = await start({}, { log: asked });
    await projected(1n);
    await first.stop?.();
    await start({}, { log: asked });
    await place();
    await projected(2n);
    assert.deepEqual(requests, [
      { follow: true, afterPosition: 0n },
      { follow: true, afterPosition: 1n, afterEventId: 'the-first' },
    ]);
  });

  it('what comes soon after a batch is the next one, and a full one waits for nothing', async () => {
    const sizes: number[] = [];
    await start(
      {
        project: (context, batch) => {
          sizes.push(batch.events.length);
          return service.project(context, batch);
        },
      },
      { gatherMs: 600_000, maxBatch: 5 },
    );
    await place();
    await projected(1n);
    for (let n = 0; n < 5; n++) await place();
    await projected(6n);
    assert.deepEqual(sizes, [1, 5]);
  });

  it('an unreadable event is recorded and passed over', async () => {
    await place();
    await place({ eventId: 'bad', data: '{"order_id":1}' });
    await place();
    await start();
    await projected(3n);
    const failed = await database.query<{ event_id: string }>(
      ctx,
      (sql) => sql`select event_id from projection_failures`,
    );
    assert.deepEqual([...failed], [{ event_id: 'bad' }]);
    assert.equal(await rowCount(), 2);
  });

  it('stops after the batch that it is working on, and begins no other', async () => {
    const working = Promise.withResolvers<void>();
    const finish = Promise.withResolvers<void>();
    const transport = await start(
      {
        project: async (context, batch) => {
          working.resolve();
          await finish.promise;
          return service.project(context, batch);
        },
      },
      { maxBatch: 1 },
    );
    for (let n = 0; n < 3; n++) await place();
    await working.promise;
    const stopped = transport.stop?.();
    finish.resolve();
    await stopped;
    assert.equal(await service.checkpoint(ctx), 1n);
  });

  it('a checkpoint that was moved back is gone on from', async () => {
    const afters: bigint[] = [];
    await start(
      {
        project: (context, batch) => {
          afters.push(batch.after);
          return service.project(context, batch);
        },
      },
      { maxBatch: 1 },
    );
    for (let n = 1n; n <= 3n; n++) {
      await place();
      await projected(n);
    }
    await setCheckpoint(1n);
    await place();
    await projected(4n);
    assert.deepEqual(afters, [0n, 1n, 2n, 3n, 1n, 2n, 3n]);
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

  async function setCheckpoint(position: bigint): Promise<void> {
    await database.query(
      ctx,
      (sql) => sql`update projection_checkpoint set position = ${String(position)}::int8`,
    );
  }

  it('a read model ahead of the log is left alone and said, until it is rebuilt as was said', async () => {
    for (let n = 0; n < 3; n++) await place();
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
    await rebuildReadModel(ctx, { log, database, codec });
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
        ...log,
        head: async () => {
          restored.asked++;
          return restored.head ?? (await log.head(ctx));
        },
        read: async (...args: Parameters<typeof log.read>) => {
          const { events, nextPosition } = await log.read(...args);
          const { life } = restored;
          return {
            events: events.map((event) => ({ ...event, eventId: `${life}${event.eventId}` })),
            nextPosition,
          };
        },
      };
      transport = await start({}, { log: as, lookMs: 100 });
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
      await said(/ends with event \S+ at 5, where the log has other-/);
      const { asked } = restored;
      await until(() => restored.asked >= asked + 2, { what: 'looked again', deadlineMs: 10_000 });
      assert.equal(await service.checkpoint(ctx), 5n);
      restored.life = '';
      await rebuildReadModel(ctx, { log, database, codec });
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
      const { asked } = restored;
      await until(() => restored.asked >= asked + 2, { what: 'looked again', deadlineMs: 10_000 });
      assert.equal(await service.checkpoint(ctx), 5n);
    });
  });

  it('where the log goes on and nothing comes, it says so and reads again', async () => {
    const lines: string[] = [];
    const logger = pino({ level: 'warn' }, { write: (line: string) => void lines.push(line) });
    for (let n = 0; n < 3; n++) await place();
    const further = { ...log, head: async () => 4n };
    const transport = await start(
      {},
      {
        log: further,
        lookMs: 50,
        stuckMs: 300,
        logger,
      },
    );
    await until(() => lines.some((line) => /4 events.* stuck at 3/.test(line)), {
      what: 'said',
      deadlineMs: 10_000,
    });
    assert.match(transport.degraded?.() ?? '', /is stuck at 3/);
    await place();
    await projected(4n);
    await until(() => transport.degraded?.() === undefined, { what: 'over', deadlineMs: 5_000 });
  });

  it('each sampled event has its span below its append, ended when its row is there', async () => {
    const sampler = new ParentBasedSampler({ root: new AlwaysOnSampler() });
    const recorder = spanRecorder('querymodelworker', sampler);
    const traceIds = ['a'.repeat(32), 'b'.repeat(32)];
    for (const traceId of traceIds) {
      await place({ metadata: { traceparent: `00-${traceId}-${'c'.repeat(16)}-01` } });
    }
    await place({ metadata: { traceparent: `00-${'d'.repeat(32)}-${'c'.repeat(16)}-00` } });
    await start({}, { hook: loggedEventTrace(recorder.tracer, 'query-model') });
    await projected(3n);
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
      const { events } = await log.read(ctx, { afterPosition: after, limit: 100 });
      if (events.length > 0) await service.project(ctx, { after, events });
    }
    assert.ok(attempts <= 5, `${attempts} attempts beside an instance that is at work`);
    await place();
    await projected(42n);
  });

  it('stops also while the log has never been there', async () => {
    const never = { ...log, head: () => Promise.reject(away()) };
    const transport = await start({}, { log: never });
    await until(() => transport.notReady?.() === 'It is away.', {
      what: 'said',
      deadlineMs: 5_000,
    });
    await transport.stop?.();
  });

  it('a second stop is harmless, and a stop before anything came ends at once', async () => {
    const transport = await start();
    await transport.stop?.();
    await transport.stop?.();
    assert.equal(transport.notReady?.(), 'stopped');
  });
});
