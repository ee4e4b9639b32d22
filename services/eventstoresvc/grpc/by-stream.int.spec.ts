/** Two streams in one event store: each a log of its own, published to a stream of its own. */
import assert from 'node:assert/strict';
import { fileURLToPath } from 'node:url';
import { connect, type NatsConnection } from 'nats';
import type { EventStore } from '../../../shared/eventstore/event-store.ts';
import { createGrpcEventStore } from '../../../shared/eventstore/grpc/grpc-event-store.ts';
import { background } from '../../../shared/kit/context.ts';
import { codedError } from '../../../shared/kit/errors.ts';
import { silentLogger } from '../../../shared/kit/logger.ts';
import type { Component } from '../../../shared/kit/process/lifecycle.ts';
import { migrate } from '../../../shared/kit/sql/migrations.ts';
import { eventually } from '../../../shared/testing/eventually.ts';
import { type TestNats, testNats, testPostgres } from '../../../stack/testing.ts';
import { readConfig } from '../config.ts';
import { type App, createContainer } from '../container.ts';

const ctx = background();
const folder = fileURLToPath(new URL('../migrations', import.meta.url));

describe('an event store of two streams', () => {
  let nats: TestNats;
  let connection: NatsConnection;
  let app: App;
  const stores: (EventStore & Component)[] = [];

  const storeOf = (stream: string): EventStore => {
    const address = `127.0.0.1:${app.ports().grpc}`;
    const store = createGrpcEventStore({ address, stream, timeoutMs: 5_000, logger: silentLogger });
    stores.push(store);
    return store;
  };
  let number = 0;
  const append = (store: EventStore, stream: string, aggregateId = `a-${++number}`) =>
    store.append(ctx, {
      events: [
        {
          eventId: `e-${++number}`,
          eventType: `${stream}.happened`,
          aggregateId,
          aggregateType: stream.toLowerCase(),
          data: '{}',
          metadata: {},
        },
      ],
      expectedVersion: undefined,
      lane: 'new work',
    });
  const published = async (stream: string) => {
    const { streams } = await connection.jetstreamManager();
    return streams.info(stream).then(
      ({ state }) => state.last_seq,
      () => 0,
    );
  };

  before(async () => {
    const url = await (await testPostgres()).createDatabase();
    await migrate({ url, folder, logger: silentLogger });
    nats = await testNats();
    connection = await connect({ servers: nats.url });
    app = createContainer(
      readConfig({
        EVENTSTORE_DATABASE_URL: url,
        NATS_URL: nats.url,
        STREAMS: 'FIRST,SECOND',
        GRPC_PORT: '0',
        ADMIN_PORT: '0',
        LOG_LEVEL: 'silent',
        OTEL_TRACES_SAMPLER: 'always_off',
      }),
    );
    await app.lifecycle.start();
    await eventually('it is ready', () => app.lifecycle.notReady().length === 0);
  });
  after(async () => {
    await Promise.all(stores.map((store) => store.stop?.()));
    await app.lifecycle.stop();
    await connection.close();
    await nats.stop();
  });

  it('each has positions, a head and a JetStream stream of its own', async () => {
    const [first, second] = [storeOf('FIRST'), storeOf('SECOND')];
    assert.equal((await append(first, 'FIRST')).position, 1n);
    assert.equal((await append(first, 'FIRST')).position, 2n);
    assert.equal((await append(second, 'SECOND')).position, 1n);
    assert.deepEqual([await first.head(ctx), await second.head(ctx)], [2n, 1n]);
    const read = await second.read(ctx, { afterPosition: 0n, limit: 10 });
    assert.deepEqual(
      read.events.map(({ eventType }) => eventType),
      ['SECOND.happened'],
    );
    await eventually('both are published', async () => {
      const last = [await published('FIRST'), await published('SECOND')];
      return last[0] === 2 && last[1] === 1;
    });
  });

  it('an event of one is refused by the other', async () => {
    const refused = await append(storeOf('SECOND'), 'FIRST').catch(codedError);
    assert.equal(codedError(refused).kind, 'invalid');
  });

  it('a stream that is not served is refused, with those that are', async () => {
    const nobody = storeOf('THIRD');
    for (const asked of [nobody.head(ctx), nobody.getCheckpoint(ctx, 'c')]) {
      const { kind, problems = [] } = codedError(await asked.catch((error: unknown) => error));
      assert.equal(kind, 'invalid');
      assert.match(problems[0]?.message ?? '', /"THIRD".*FIRST, SECOND/);
    }
  });

  it('their figures are told apart by the name of the stream', async () => {
    await append(storeOf('SECOND'), 'SECOND');
    const text = await (await fetch(`http://127.0.0.1:${app.ports().admin}/metrics`)).text();
    for (const stream of ['FIRST', 'SECOND']) {
      assert.match(text, new RegExp(`^eventstore_log_position\\{stream="${stream}"\\} [1-9]`, 'm'));
    }
  });
});
