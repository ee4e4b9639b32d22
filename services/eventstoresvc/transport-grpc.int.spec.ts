import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { fileURLToPath } from 'node:url';
import { credentials, type Metadata, type ServiceError, status } from '@grpc/grpc-js';
import { connect } from 'nats';
import { type Event, EventStoreClient, Lane } from '../../proto/gen/eventstore.ts';
import type { EventStore } from '../../shared/eventstore/event-store.ts';
import { createGrpcEventStore } from '../../shared/eventstore/grpc/grpc-event-store.ts';
import { decodeMessage } from '../../shared/eventstore/message.ts';
import { background, withSignal, withTimeLeft } from '../../shared/kit/context.ts';
import { codedError } from '../../shared/kit/errors.ts';
import { silentLogger } from '../../shared/kit/logger.ts';
import type { Component } from '../../shared/kit/process/lifecycle.ts';
import { migrate } from '../../shared/kit/sql/migrations.ts';
import { anEvent } from '../../shared/testing/an-event.ts';
import { eventStoreContract } from '../../shared/testing/event-store-contract.ts';
import { eventually } from '../../shared/testing/eventually.ts';
import { type TestNats, testNats, testPostgres } from '../../stack/testing.ts';
import { readConfig } from './config.ts';
import { type App, createContainer } from './container.ts';

const folder = fileURLToPath(new URL('migrations', import.meta.url));
const ctx = background();

describe('eventstoresvc over gRPC', () => {
  let nats: TestNats;
  let env: Record<string, string>;
  let app: App;
  let client: EventStoreClient;
  let store: EventStore & Component;

  function startApp(overrides: Record<string, string> = {}): Promise<App> {
    const started = createContainer(readConfig({ ...env, ...overrides }));
    return started.lifecycle.start().then(() => started);
  }

  before(async () => {
    const url = await (await testPostgres()).createDatabase();
    await migrate({ url, folder, logger: silentLogger });
    nats = await testNats();
    env = {
      EVENTSTORE_DATABASE_URL: url,
      NATS_URL: nats.url,
      GRPC_PORT: '0',
      ADMIN_PORT: '0',
      LOG_LEVEL: 'silent',
      OTEL_TRACES_SAMPLER: 'always_off',
    };
    app = await startApp();
    const address = `127.0.0.1:${app.ports().grpc}`;
    client = new EventStoreClient(address, credentials.createInsecure());
    store = createGrpcEventStore({
      address,
      stream: 'ORDERS',
      timeoutMs: 5_000,
      logger: silentLogger,
    });
  });

  after(async () => {
    await store.stop?.();
    client.close();
    await app.lifecycle.stop();
    await nats.stop();
  });

  eventStoreContract(() => store);

  describe('a client of the sample this takes after', () => {
    /** As such a client sends it: six fields and nothing else. */
    const event = (overrides: Partial<Event> = {}): Event => ({
      eventId: randomUUID(),
      eventType: 'ORDERS.created',
      aggregateId: randomUUID(),
      aggregateType: 'order',
      eventData: '{"order_id":"1"}',
      stream: 'ORDERS',
      version: 0n,
      position: 0n,
      createdAt: undefined,
      metadata: {},
      ...overrides,
    });
    const create = (sent: Event | undefined) =>
      new Promise<{ isSuccess: boolean; error: string }>((resolve, reject) => {
        client.createEvent({ event: sent, lane: Lane.NEW_WORK }, (error, response) =>
          error ? reject(error) : resolve(response),
        );
      });
    const refusal = async (
      sent: Event | undefined,
    ): Promise<ServiceError & { metadata: Metadata }> => {
      try {
        await create(sent);
      } catch (error) {
        return error as ServiceError;
      }
      return assert.fail('it was accepted');
    };

    it('appends, and reads what it appended', async () => {
      const sent = event();
      const { isSuccess, error } = await create(sent);
      assert.deepEqual([isSuccess, error], [true, '']);
      const found = await new Promise<Event[]>((resolve, reject) => {
        const request = { eventId: '', aggregateId: sent.aggregateId };
        const all = {
          aggregateType: '',
          stream: '',
          eventTypes: [],
          positions: [],
          afterPosition: 0n,
          afterEventId: '',
          gatherMs: 0,
          withoutMetadata: false,
        };
        client.getEvents({ ...request, ...all, limit: 0, follow: false }, (failed, { events }) =>
          failed ? reject(failed) : resolve(events),
        );
      });
      assert.deepEqual(
        found.map(({ eventId, eventData, version }) => ({ eventId, eventData, version })),
        [{ eventId: sent.eventId, eventData: sent.eventData, version: 1n }],
      );
    });

    it('without an event gets an answer, and the store lives on', async () => {
      const refused = await refusal(undefined);
      assert.equal(refused.code, status.INVALID_ARGUMENT);
      assert.deepEqual(refused.metadata.get('error-code'), ['invalid_event']);
      assert.equal((await create(event())).isSuccess, true);
    });

    it('is told which field is at fault', async () => {
      const refused = await refusal(event({ eventId: '', eventData: '{' }));
      assert.equal(refused.code, status.INVALID_ARGUMENT);
      assert.match(refused.details, /event\.event_id is empty; event\.event_data must be/);
      for (const stream of ['', 'PAYMENTS']) {
        assert.match((await refusal(event({ stream }))).details, /event\.stream/);
      }
    });

    it('is told when it asks for what no id can be', async () => {
      for (const filter of [{ eventId: '\0' }, { aggregateId: '\0' }, { eventTypes: ['\0'] }]) {
        const error = codedError(await store.read(ctx, { ...filter, limit: 1 }).catch((e) => e));
        assert.equal(error.kind, 'invalid');
      }
    });

    it('is told when it uses an id again for something else', async () => {
      const sent = event();
      await create(sent);
      const refused = await refusal({ ...sent, eventData: '{}' });
      assert.equal(refused.code, status.ALREADY_EXISTS);
    });
  });

  it('the stream holds every event at its position, byte for byte', async () => {
    const before = await store.head(ctx);
    await Promise.all(
      Array.from({ length: 700 }, () =>
        store.append(ctx, { events: [anEvent()], expectedVersion: 0n }),
      ),
    );
    const head = await store.head(ctx);
    const connection = await connect({ servers: nats.url });
    try {
      const manager = await connection.jetstreamManager();
      await eventually('the stream is at the head of the log', async () => {
        const { state } = await manager.streams.info('ORDERS');
        return state.last_seq === Number(head) && state.messages === Number(head);
      });
      for await (const event of await store.stream(ctx, { afterPosition: before })) {
        if (event.position % 50n !== 0n) continue;
        const message = await manager.streams.getMessage('ORDERS', { seq: Number(event.position) });
        const { metadata, ...published } = decodeMessage({
          subject: message.subject,
          headers: message.header,
          data: message.data,
        });
        const { metadata: kept, ...stored } = event;
        assert.deepEqual(published, stored);
        // The relay's own span comes between; the trace is the same.
        const traceOf = ({ traceparent }: Record<string, string>) => traceparent?.split('-')[1];
        assert.equal(traceOf(metadata), traceOf(kept));
      }
    } finally {
      await connection.close();
    }
  });

  it('two processes on one log publish each event once, in order', async () => {
    const second = await startApp();
    const other = createGrpcEventStore({
      address: `127.0.0.1:${second.ports().grpc}`,
      stream: 'ORDERS',
      timeoutMs: 5_000,
      logger: silentLogger,
    });
    const connection = await connect({ servers: nats.url });
    try {
      await Promise.all(
        Array.from({ length: 400 }, (_, n) =>
          (n % 2 ? store : other).append(ctx, { events: [anEvent()], expectedVersion: 0n }),
        ),
      );
      const head = Number(await store.head(ctx));
      const manager = await connection.jetstreamManager();
      await eventually('the stream is at the head of the log', async () => {
        const { state } = await manager.streams.info('ORDERS');
        assert.ok(state.last_seq <= head, 'the stream is ahead of the log');
        return state.last_seq === head && state.messages === head && state.first_seq === 1;
      });
    } finally {
      await connection.close();
      await other.stop?.();
      await second.lifecycle.stop();
    }
  });

  it('a store that goes away and comes back loses no append that was waiting', async () => {
    const port = String(app.ports().grpc);
    const appends = Promise.all(
      Array.from({ length: 200 }, () =>
        store.append(ctx, { events: [anEvent()], expectedVersion: 0n }),
      ),
    );
    await app.lifecycle.stop();
    app = await startApp({ GRPC_PORT: port });
    assert.equal((await appends).length, 200);
    const positions = new Set((await appends).map(({ position }) => position));
    assert.equal(positions.size, 200, 'each was appended once');
  });

  it('who follows goes on when the store has been away, and misses nothing', async () => {
    const port = String(app.ports().grpc);
    const afterPosition = await store.head(ctx);
    const seen: bigint[] = [];
    const within = withSignal(ctx, AbortSignal.timeout(20_000));
    await store.append(ctx, { events: [anEvent()] });
    for await (const batch of await store.batches(within, { afterPosition, follow: true })) {
      seen.push(...batch.map(({ position }) => position));
      if (seen.length === 1) {
        await app.lifecycle.stop();
        app = await startApp({ GRPC_PORT: port });
        await Promise.all(
          Array.from({ length: 20 }, () => store.append(ctx, { events: [anEvent()] })),
        );
      }
      if (seen.length >= 21) break;
    }
    assert.deepEqual(
      seen,
      Array.from({ length: 21 }, (_, index) => afterPosition + BigInt(index) + 1n),
    );
  });

  it('a stream of events may take longer than a request', async () => {
    const hasty = await startApp({ REQUEST_TIMEOUT_MS: '300' });
    const reader = createGrpcEventStore({
      address: `127.0.0.1:${hasty.ports().grpc}`,
      stream: 'ORDERS',
      timeoutMs: 5_000,
      logger: silentLogger,
    });
    try {
      let seen = 0n;
      for await (const { position } of await reader.stream(ctx, {})) {
        // A slow reader: the time of a request passes long before the log's end.
        if (seen === 0n) await new Promise((resolve) => setTimeout(resolve, 400));
        seen = position;
      }
      assert.ok(seen > 1_000n, 'more than a page or two');
      assert.equal(seen, await reader.head(ctx));
    } finally {
      await reader.stop?.();
      await hasty.lifecycle.stop();
    }
  });

  it('with its database away it is unready, and an append is unavailable', async () => {
    const cut = await startApp({ EVENTSTORE_DATABASE_URL: 'postgres://orders@127.0.0.1:1/none' });
    const writer = createGrpcEventStore({
      address: `127.0.0.1:${cut.ports().grpc}`,
      stream: 'ORDERS',
      timeoutMs: 5_000,
      logger: silentLogger,
    });
    try {
      const error = codedError(await writer.append(ctx, { events: [anEvent()] }).catch((e) => e));
      assert.deepEqual([error.kind, error.code], ['unavailable', 'log_unavailable']);
      assert.ok(error.retryAfterMs !== undefined);
      assert.match(cut.lifecycle.notReady().join(), /database/);
    } finally {
      await writer.stop?.();
      await cut.lifecycle.stop();
    }
  });

  it('with the broker away it is ready and takes events, and says that they go no further', async () => {
    const alone = await startApp({ NATS_URL: 'nats://127.0.0.1:1' });
    const writer = createGrpcEventStore({
      address: `127.0.0.1:${alone.ports().grpc}`,
      stream: 'ORDERS',
      timeoutMs: 5_000,
      logger: silentLogger,
    });
    try {
      assert.equal((await writer.append(ctx, { events: [anEvent()] })).version, 1n);
      await eventually('it is ready', () => alone.lifecycle.notReady().length === 0);
      const readyz = await fetch(`http://127.0.0.1:${alone.ports().admin}/readyz`);
      assert.equal(readyz.status, 200);
      const { status, reasons } = (await readyz.json()) as { status: string; reasons: string[] };
      assert.equal(status, 'degraded');
      assert.match(reasons.join('\n'), /^nats: not connected to NATS.*\nrelay: /);
    } finally {
      await writer.stop?.();
      await alone.lifecycle.stop();
    }
  });

  it('a dead letter names an event of the log, and its texts are bounded', async () => {
    const letter = {
      consumer: 'w',
      position: 1n,
      eventId: 'e\0',
      reason: 'x'.repeat(3_000_000),
      lastError: '\0',
      deliveries: 1,
      traceparent: '',
    };
    await store.park(ctx, letter);
    const [kept] = await store.deadLetters(ctx, { consumer: 'w', limit: 1 });
    assert.deepEqual([kept?.eventId, kept?.reason.length], ['e\uFFFD', 128]);
    for (const wrong of [{ position: 0n }, { position: 2n ** 62n }, { deliveries: -1 }]) {
      const error = codedError(await store.park(ctx, { ...letter, ...wrong }).catch((e) => e));
      assert.equal(error.kind, 'invalid');
    }
  });

  it('a checkpoint beyond what is published is refused for now', async () => {
    const beyond = (await store.head(ctx)) + 1n;
    const checkpoint = { position: beyond, eventId: '', delivered: beyond };
    const error = codedError(
      await store.saveCheckpoint(ctx, { consumer: 'w', ...checkpoint }).catch((e) => e),
    );
    assert.deepEqual([error.kind, error.code], ['precondition_failed', 'not_published']);
  });

  it('a store that is away is unavailable when the time is up', async () => {
    const nowhere = createGrpcEventStore({
      address: '127.0.0.1:1',
      stream: 'ORDERS',
      timeoutMs: 5_000,
      logger: silentLogger,
    });
    try {
      const soon = withTimeLeft(ctx, 300);
      const refused = async (call: Promise<unknown>) =>
        codedError(await call.catch((error) => error)).kind;
      assert.equal(await refused(nowhere.append(soon, { events: [anEvent()] })), 'unavailable');
      assert.ok(['unavailable', 'timeout'].includes(await refused(nowhere.head(soon))));
    } finally {
      await nowhere.stop?.();
    }
  });
});
