/** Streams in one store do not share what is kept of them, and one does not wait for another. */
import assert from 'node:assert/strict';
import { fileURLToPath } from 'node:url';
import { connect, type NatsConnection } from 'nats';
import postgres from 'postgres';
import type { EventStore } from '../../shared/eventstore/event-store.ts';
import { createGrpcEventStore } from '../../shared/eventstore/grpc/grpc-event-store.ts';
import { createGrpcLogRecovery } from '../../shared/eventstore/grpc/grpc-log-recovery.ts';
import { decodeMessage } from '../../shared/eventstore/message.ts';
import { background, withTimeLeft } from '../../shared/kit/context.ts';
import { codedError } from '../../shared/kit/errors.ts';
import { silentLogger } from '../../shared/kit/logger.ts';
import type { Component } from '../../shared/kit/process/lifecycle.ts';
import { migrate } from '../../shared/kit/sql/migrations.ts';
import { anEvent } from '../../shared/testing/an-event.ts';
import { eventStoreContract } from '../../shared/testing/event-store-contract.ts';
import { type TestNats, testNats, testPostgres } from '../../stack/testing.ts';
import { until } from '../../stack/until.ts';
import { readConfig } from './config.ts';
import { type App, createContainer } from './container.ts';

const folder = fileURLToPath(new URL('migrations', import.meta.url));
const ctx = background();

describe('eventstoresvc with several streams', () => {
  let nats: TestNats;
  let connection: NatsConnection;
  let sql: postgres.Sql;
  let app: App;
  let orders: EventStore & Component;
  let stays: EventStore & Component;

  const storeOf = (stream: string) =>
    createGrpcEventStore({
      address: `127.0.0.1:${app.ports().grpc}`,
      stream,
      timeoutMs: 5_000,
      logger: silentLogger,
    });
  const append = (store: EventStore, eventType: string, aggregateType: string, context = ctx) =>
    store.append(context, { events: [anEvent({ eventType, aggregateType })] });
  const ordered = (context = ctx) => append(orders, 'ORDERS.created', 'order', context);
  const booked = (context = ctx) => append(stays, 'STAYS.booked', 'stay', context);
  const refusal = (doing: Promise<unknown>) =>
    doing.then(() => assert.fail('it was accepted'), codedError);

  /** The events of `stream` in JetStream, by their sequence. */
  async function published(stream: string, last: bigint): Promise<string[]> {
    const manager = await connection.jetstreamManager();
    await until(async () => BigInt((await manager.streams.info(stream)).state.last_seq) >= last, {
      what: `${stream} published up to ${last}`,
      deadlineMs: 10_000,
    });
    const types: string[] = [];
    for (let seq = 1; seq <= Number(last); seq++) {
      const { subject, header, data } = await manager.streams.getMessage(stream, { seq });
      const event = decodeMessage({ subject, headers: header, data });
      assert.deepEqual([event.position, event.stream], [BigInt(seq), stream]);
      types.push(event.eventType);
    }
    return types;
  }

  before(async function startAll() {
    this.timeout(30_000);
    const url = await (await testPostgres()).createDatabase();
    await migrate({ url, folder, logger: silentLogger });
    nats = await testNats();
    connection = await connect({ servers: nats.url });
    sql = postgres(url, { max: 1 });
    app = createContainer(
      readConfig({
        EVENTSTORE_DATABASE_URL: url,
        NATS_URL: nats.url,
        STREAMS: 'ORDERS, STAYS',
        GRPC_PORT: '0',
        ADMIN_PORT: '0',
        LOG_LEVEL: 'silent',
        OTEL_TRACES_SAMPLER: 'always_off',
      }),
    );
    await app.lifecycle.start();
    await until(async () => app.lifecycle.notReady().length === 0, {
      what: 'ready',
      deadlineMs: 10_000,
    });
    orders = storeOf('ORDERS');
    stays = storeOf('STAYS');
  });

  after(async () => {
    for (const store of [orders, stays]) await store?.stop?.();
    await app?.lifecycle.stop();
    await sql?.end();
    await connection?.close();
    await nats?.stop();
  });

  it('each is kept in a currency of its own', async () => {
    await orders.settleCurrency(ctx, { code: 'JPY', decimals: 0 });
    await stays.settleCurrency(ctx, { code: 'USD', decimals: 2 });
    assert.deepEqual(
      [(await orders.currency(ctx))?.code, (await stays.currency(ctx))?.code],
      ['JPY', 'USD'],
    );
  });

  it('a checkpoint is a place in the stream of its consumer, and in no other', async () => {
    const { position } = await booked();
    await published('STAYS', position);
    const { events } = await stays.read(ctx, { afterPosition: position - 1n, limit: 1 });
    const eventId = events[0]?.eventId ?? '';
    await stays.saveCheckpoint(ctx, { consumer: 'hotel', position, eventId, delivered: position });
    assert.equal((await stays.getCheckpoint(ctx, 'hotel')).eventId, eventId);
    const names = async (store: EventStore) =>
      (await store.listCheckpoints(ctx)).map(({ consumer }) => consumer);
    assert.deepEqual([await names(orders), await names(stays)], [[], ['hotel']]);
    const { kind, message } = await refusal(orders.getCheckpoint(ctx, 'hotel'));
    assert.equal(kind, 'invalid');
    assert.match(message, /hotel follows the stream STAYS/);
  });

  it('a dead letter is of its stream, to be listed, replayed and closed there alone', async () => {
    const { position } = await booked();
    await ordered();
    await ordered();
    const letter = {
      consumer: 'cleaner',
      position,
      eventId: 'e',
      reason: 'r',
      lastError: '',
      deliveries: 1,
      traceparent: '',
    };
    await stays.park(ctx, letter);
    await stays.park(ctx, letter);
    const listed = async (store: EventStore) =>
      (await store.deadLetters(ctx, { limit: 10 })).map(({ consumer }) => consumer);
    assert.deepEqual([await listed(orders), await listed(stays)], [[], ['cleaner']]);
    const id = { consumer: 'cleaner', position };
    assert.equal((await refusal(orders.requestReplay(ctx, id))).code, 'letter_not_found');
    assert.equal(
      (await refusal(orders.closeLetter(ctx, { ...id, reason: 'x' }))).kind,
      'not_found',
    );
    assert.equal((await refusal(orders.park(ctx, letter))).kind, 'invalid', 'not lost in silence');
    await stays.requestReplay(ctx, id);
    assert.deepEqual(await orders.takeReplays(ctx, { consumer: 'cleaner', limit: 1 }), []);
    await orders.resolveReplay(ctx, id);
    assert.equal((await stays.takeReplays(ctx, { consumer: 'cleaner', limit: 1 })).length, 1);
  });

  it('who follows one hears of no other', async () => {
    const after = await stays.head(ctx);
    const stopping = new AbortController();
    const following = await stays.stream(
      { ...ctx, signal: stopping.signal },
      { afterPosition: after, follow: true },
    );
    await ordered();
    await booked();
    for await (const { eventType } of following) {
      assert.equal(eventType, 'STAYS.booked');
      break;
    }
    stopping.abort();
  });

  it('one whose head is locked holds up no other', async () => {
    await sql.begin(async (transaction) => {
      await transaction`select 1 from log_head where stream = 'ORDERS' for update`;
      const waiting = ordered(withTimeLeft(ctx, 1_000)).catch(codedError);
      await booked(withTimeLeft(ctx, 1_000));
      await booked(withTimeLeft(ctx, 1_000));
      await waiting;
    });
    await ordered();
  });

  it('one whose stream of JetStream is not its own stands still alone, and says which it is', async () => {
    await published('STAYS', await stays.head(ctx));
    await connection.jetstream().publish('ORDERS.foreign', 'not ours');
    const last = (await booked()).position;
    await ordered();
    await published('STAYS', last);
    const admin = `http://127.0.0.1:${app.ports().admin}`;
    await until(async () => /relay of ORDERS/.test(await (await fetch(`${admin}/readyz`)).text()), {
      what: 'the relay of ORDERS stands still',
      deadlineMs: 15_000,
    });
    assert.doesNotMatch(await (await fetch(`${admin}/readyz`)).text(), /of STAYS/);
    const metrics = await (await fetch(`${admin}/metrics`)).text();
    assert.match(
      metrics,
      new RegExp(`^eventstore_stream_position\\{stream="STAYS"\\} ${last}$`, 'm'),
    );
    for (const [stream, kind] of [
      ['ORDERS', 'refused'],
      ['STAYS', 'follows'],
    ]) {
      const recovery = createGrpcLogRecovery({
        address: `127.0.0.1:${app.ports().grpc}`,
        stream: stream ?? '',
        timeoutMs: 5_000,
      });
      assert.equal((await recovery.standing(ctx)).kind, kind, stream);
      recovery.close();
    }
  });

  describe('a stream that is not the first', () => {
    eventStoreContract(() => stays, 'STAYS');
  });
});
