import assert from 'node:assert/strict';
import { fileURLToPath } from 'node:url';
import { connect, headers, type JetStreamManager, type NatsConnection } from 'nats';
import { resetStream } from '../../../cli/stream/stream-reset.ts';
import { background } from '../../../shared/kit/context.ts';
import { silentLogger } from '../../../shared/kit/logger.ts';
import { createDatabase, type Database } from '../../../shared/kit/sql/database.ts';
import { migrate } from '../../../shared/kit/sql/migrations.ts';
import { noHook } from '../../../shared/kit/transport/hooks.ts';
import { connectNats, type Nats } from '../../../shared/kit/transport/nats/nats-connection.ts';
import { anEvent } from '../../../shared/testing/an-event.ts';
import { eventually } from '../../../shared/testing/eventually.ts';
import { faultyWire } from '../../../stack/faulty-wire.ts';
import { type Nats as NatsServer, startNats } from '../../../stack/nats.ts';
import { testFolder, testPostgres } from '../../../stack/testing.ts';
import { createGroupCommit, type GroupCommit } from '../log/group-commit.ts';
import { APPENDING } from '../log/sql-append.ts';
import { createEventLog, type EventLog } from '../log/sql-log.ts';
import { createTail } from '../log/tail.ts';
import { createBell } from './bell.ts';
import { createPublishedStream } from './published-stream.ts';
import { createRelay, type Relay, relayDefaults } from './relay.ts';

const folder = fileURLToPath(new URL('../migrations', import.meta.url));
const stream = { name: 'ORDERS', subjects: ['ORDERS.*'], replicas: 1 };

describe('the relay', () => {
  const ctx = background();
  let database: Database;
  let appends: Database;
  let log: EventLog;
  let commits: GroupCommit;
  let dataDir: string;
  let server: NatsServer;
  let nats: Nats;
  let connection: NatsConnection;
  let manager: JetStreamManager;
  let relay: Relay | undefined;
  const bell = createBell();

  beforeEach(async () => {
    const url = await (await testPostgres()).createDatabase();
    await migrate({ url, folder, logger: silentLogger });
    const options = { url, name: 'test', queryTimeoutMs: 5_000, logger: silentLogger };
    database = createDatabase({ ...options, poolSize: 4 });
    appends = createDatabase({ ...options, ...APPENDING });
    log = createEventLog(database, appends, 'ORDERS');
    commits = createGroupCommit(log, silentLogger, () => bell.ring());
    dataDir = await testFolder();
    server = await startNats({ dataDir });
    nats = connectNats({ url: server.url, name: 'test', logger: silentLogger });
    connection = await connect({ servers: server.url });
    manager = await connection.jetstreamManager();
  });
  afterEach(async () => {
    await relay?.stop?.();
    relay = undefined;
    await nats.stop();
    await connection.close();
    await server.stop();
    await Promise.all([database.stop(), appends.stop()]);
  });

  async function start(maxDataBytes = 100_000): Promise<Relay> {
    const published = createPublishedStream(nats, stream, maxDataBytes, noHook);
    const started = createRelay(
      log,
      published,
      { ...relayDefaults, inspectMs: 200, bell },
      silentLogger,
    );
    relay = started;
    await started.start?.();
    return started;
  }

  const append = (count: number) =>
    Promise.all(
      Array.from({ length: count }, () =>
        commits.append(ctx, { events: [anEvent()], expectedVersion: 0n }),
      ),
    );

  /** A stream of ours as somebody may have made it by hand, open to deletion. */
  const makeOpenStream = () => manager.streams.add({ name: 'ORDERS', subjects: ['ORDERS.*'] });

  async function publishAsRelayed(count: number): Promise<void> {
    for (const event of (await log.read(ctx, {}, count)).events) {
      const header = headers();
      header.set('Nats-Msg-Id', event.eventId);
      await connection.jetstream().publish(event.eventType, event.data, { headers: header });
    }
  }

  const isCopy = (head: number) =>
    eventually(
      'the stream is a copy of the log',
      async () => {
        const { state } = await manager.streams.info('ORDERS');
        if (state.last_seq !== head || state.messages !== head) return false;
        for (const event of (await log.read(ctx, {}, head)).events) {
          const message = await manager.streams.getMessage('ORDERS', {
            seq: Number(event.position),
          });
          assert.equal(message.header.get('Nats-Msg-Id'), event.eventId);
        }
        return true;
      },
      20_000,
    );

  it('what was just committed is published without reading it back; SQL is read where there is a gap', async () => {
    const tail = createTail();
    const reads: bigint[] = [];
    const own = createEventLog(database, appends, 'ORDERS', undefined, tail);
    const its: EventLog = {
      ...own,
      read: async (readCtx, filter, limit) => {
        const page = await own.read(readCtx, filter, limit);
        if (page.events.length > 0) reads.push(filter.afterPosition ?? 0n);
        return page;
      },
    };
    const itsCommits = createGroupCommit(its, silentLogger, () => bell.ring());
    const published = createPublishedStream(nats, stream, 100_000, noHook);
    const options = { ...relayDefaults, pollMs: 60_000, bell, recent: tail };
    relay = createRelay(its, published, options, silentLogger);
    await relay.start?.();
    await eventually('it follows', () => relay?.notReady?.() === undefined);
    const here = () => itsCommits.append(ctx, { events: [anEvent()] });
    await Promise.all(Array.from({ length: 20 }, here));
    await isCopy(20);
    assert.deepEqual(reads, []);
    // Of another process: its commit rings no bell, but the next one here does.
    const elsewhere = createGroupCommit(log, silentLogger, () => undefined);
    await elsewhere.append(ctx, { events: [anEvent()] });
    await here();
    await isCopy(22);
    assert.deepEqual(reads, [20n]);
  });

  it('publishes what was there before it started, and what comes', async () => {
    await append(20);
    await start();
    await isCopy(20);
    await append(30);
    await isCopy(50);
  });

  it('publishes what another process committed, which rings no bell here', async () => {
    await start();
    const elsewhere = createGroupCommit(log, silentLogger, () => undefined);
    await elsewhere.append(ctx, { events: [anEvent()], expectedVersion: undefined });
    await isCopy(1);
  });

  it('goes on where the stream ends', async () => {
    await append(10);
    await makeOpenStream();
    await publishAsRelayed(4);
    await start();
    await isCopy(10);
  });

  it('a lost stream is recreated and filled', async () => {
    await append(10);
    await start();
    await isCopy(10);
    await manager.streams.delete('ORDERS');
    await isCopy(10);
    await append(1);
    await isCopy(11);
  });

  it('a stream with a gap is recreated and filled', async () => {
    await append(10);
    await makeOpenStream();
    await publishAsRelayed(10);
    await manager.streams.deleteMessage('ORDERS', 5);
    await start();
    await isCopy(10);
  });

  /** What the broker makes of the log's event at `position` when it is published once more. */
  async function publishAgain(position: number) {
    const { events } = await log.read(ctx, { afterPosition: BigInt(position - 1) }, 1);
    const [event] = events;
    assert.ok(event);
    const header = headers();
    header.set('Nats-Msg-Id', event.eventId);
    return connection.jetstream().publish(event.eventType, event.data, { headers: header });
  }

  it('a lost tail comes back though its ids are still inside the dedupe window', async () => {
    await append(10);
    await makeOpenStream();
    await publishAsRelayed(10);
    for (const seq of [8, 9, 10]) await manager.streams.deleteMessage('ORDERS', seq);
    assert.equal((await publishAgain(10)).duplicate, true, 'the broker swallows it');
    await start();
    await isCopy(10);
  });

  it('a stream deleted and recreated by hand inside the dedupe window has every message again', async () => {
    await append(10);
    await makeOpenStream();
    await start();
    await isCopy(10);
    await manager.streams.delete('ORDERS');
    // The relay may be quicker than us, which is as well.
    await makeOpenStream().catch(() => undefined);
    await isCopy(10);
    await append(5);
    await isCopy(15);
  });

  it('what the broker takes for a duplicate, and does not store, is not taken for published', async () => {
    await append(1);
    const { config } = await makeOpenStream();
    assert.equal(config.duplicate_window, 120_000_000_000);
    const [event] = (await log.read(ctx, {}, 1)).events;
    assert.ok(event);
    const published = createPublishedStream(nats, stream, 100_000, noHook);
    await published.publish([event]);
    // Where the sequence does not fit, the broker says that first; here it fits.
    const next = { ...event, position: 2n };
    await assert.rejects(published.publish([next]), { code: 'misplaced_message' });
    assert.equal((await manager.streams.info('ORDERS')).state.messages, 1);
  });

  it("somebody else's stream is refused, left alone, and said; after a reset it is filled", async () => {
    await append(3);
    await makeOpenStream();
    await connection.jetstream().publish('ORDERS.created', 'not ours');
    const refusing = await start();
    await eventually('it says why', () => refusing.notReady?.()?.includes('without an id'));
    assert.equal((await manager.streams.info('ORDERS')).state.messages, 1);
    assert.deepEqual(await resetStream(server.url), { stream: 'ORDERS', messages: 1n });
    await isCopy(3);
    await eventually('it is ready', () => refusing.notReady?.() === undefined);
  });

  const makeUselessStream = () =>
    manager.streams.add({
      name: 'ORDERS',
      subjects: ['ORDERS.*'],
      storage: 'memory' as never,
      retention: 'workqueue' as never,
    });

  it('an empty stream with another configuration is recreated and filled', async () => {
    await append(3);
    await makeUselessStream();
    const started = await start();
    await isCopy(3);
    const { config } = await manager.streams.info('ORDERS');
    assert.deepEqual([config.storage, config.retention], ['file', 'limits']);
    await eventually('it is ready', () => started.notReady?.() === undefined);
  });

  it('one of another kind that holds messages is refused and left alone', async () => {
    await append(3);
    await makeUselessStream();
    await publishAsRelayed(1);
    const refusing = await start();
    await eventually('it says why', () =>
      /storage is memory and must be file, .* holds 1 messages/.test(refusing.notReady?.() ?? ''),
    );
    assert.equal((await manager.streams.info('ORDERS')).state.messages, 1);
    await resetStream(server.url);
    await isCopy(3);
    await eventually('it is ready', () => refusing.notReady?.() === undefined);
  });

  it('a stream ahead of the log is refused and left alone', async () => {
    await append(2);
    await makeOpenStream();
    await publishAsRelayed(2);
    await connection.jetstream().publish('ORDERS.created', '{}');
    const refusing = await start();
    await eventually('it says why', () => refusing.notReady?.()?.includes('ahead of the log'));
    assert.equal((await manager.streams.info('ORDERS')).state.messages, 3);
  });

  it('a broker that would not take our largest event is refused before it is too late', async () => {
    await append(1);
    const refusing = await start(2 * 1024 * 1024);
    await eventually('it says why', () => refusing.notReady?.()?.includes('max_payload'));
  });

  it('several relays on one log publish each event once', async () => {
    await append(5);
    const others = [1, 2].map(() =>
      createRelay(
        log,
        createPublishedStream(nats, stream, 100_000, noHook),
        { ...relayDefaults, pollMs: 5, inspectMs: 200, bell: createBell() },
        silentLogger,
      ),
    );
    try {
      await start();
      for (const other of others) await other.start?.();
      for (let n = 0; n < 20; n++) await append(20);
      await isCopy(405);
    } finally {
      for (const other of others) await other.stop?.();
    }
  });

  it('a connection that is lost in the middle of a window: the rest follows, nothing twice', async () => {
    const wire = await faultyWire({ target: { port: server.port } });
    const over = connectNats({
      url: `nats://${wire.address}`,
      name: 'test',
      logger: silentLogger,
    });
    const published = createPublishedStream(over, stream, 100_000, noHook);
    relay = createRelay(log, published, { ...relayDefaults, pollMs: 60_000, bell }, silentLogger);
    try {
      await relay.start?.();
      await eventually('it follows', () => relay?.notReady?.() === undefined);
      for (let n = 1; n <= 4; n++) {
        const held = wire.stall({ afterBytes: n * 20_000, way: 'toTarget' });
        await append(400);
        await held;
        wire.cut();
        wire.pass();
        await isCopy(n * 400);
      }
    } finally {
      await relay.stop?.();
      await over.stop();
      await wire.stop();
    }
  }).timeout(90_000);

  it('stops at once though the broker was never there', async () => {
    const nowhere = connectNats({
      url: 'nats://127.0.0.1:1',
      name: 'test',
      logger: silentLogger,
    });
    const published = createPublishedStream(nowhere, stream, 100_000, noHook);
    const waiting = createRelay(log, published, { ...relayDefaults, bell }, silentLogger);
    await waiting.start?.();
    await waiting.stop?.();
    await nowhere.stop();
  });

  it('the broker may go away and come back', async () => {
    await append(5);
    await start();
    await isCopy(5);
    await connection.close();
    await server.stop();
    await append(5);
    server = await startNats({ dataDir, port: server.port });
    connection = await connect({ servers: server.url });
    manager = await connection.jetstreamManager();
    await isCopy(10);
  });
});
