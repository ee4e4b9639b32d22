import assert from 'node:assert/strict';
import { join } from 'node:path';
import { connect, type NatsConnection } from 'nats';
import { type Nats, startNats } from '../../../../stack/nats.ts';
import { freePorts } from '../../../../stack/ports.ts';
import { testFolder } from '../../../../stack/testing.ts';
import { until } from '../../../../stack/until.ts';
import { consumerOptions, publishNumbers, TEST_STREAM } from '../../../testing/jetstream-rig.ts';
import { silentLogger } from '../../logger.ts';
import type { Component } from '../../process/lifecycle.ts';
import { connectNats, type Nats as NatsLink } from '../nats/nats-connection.ts';
import { jetstreamConsumer } from './jetstream-consumer.ts';
import { remakeStream } from './jetstream-stream.ts';
import { readStream, type StreamReader } from './reader.ts';

/**
 * A durable's consumer and a reader beside each other, each on a connection of
 * the kind that services use, while somebody does things to the broker.
 */
describe('a subscription goes on by itself', () => {
  let start: () => Promise<Nats>;
  let server: Nats;
  let publisher: NatsConnection;
  let link: NatsLink;
  let consumer: Component;
  let reader: StreamReader;
  let reading: Promise<void>;
  let stopReading: AbortController;
  let served: number[];
  let read: number[];
  let resumeAfter: bigint;

  before(async () => {
    const dataDir = join(await testFolder(), 'nats');
    const [port, monitorPort] = await freePorts(2);
    assert.ok(port !== undefined && monitorPort !== undefined);
    start = () => startNats({ dataDir, port, monitorPort });
    server = await start();
  });
  after(() => server.stop());

  beforeEach(async () => {
    publisher = await connect({ servers: server.url, maxReconnectAttempts: -1 });
    await remakeStream(publisher, TEST_STREAM);
    link = connectNats({ url: server.url, name: 'spec', logger: silentLogger });
    await link.start();
    served = [];
    read = [];
    resumeAfter = 0n;
    consumer = jetstreamConsumer(
      consumerOptions(link.connection, async ({ body }) => served.push(body.n), {
        resumeAfter: async () => resumeAfter,
        ackWaitMs: 2_000,
        silentMs: 2_000,
      }),
    );
    await consumer.start?.();
    stopReading = new AbortController();
    reader = readStream({
      connection: link.connection,
      stream: TEST_STREAM.name,
      startAfter: 0n,
      maxBatch: 4,
      signal: stopReading.signal,
      logger: silentLogger,
    });
    reading = (async () => {
      for await (const batch of reader) read.push(...batch.map(({ sequence }) => Number(sequence)));
    })();
    await publishNumbers(publisher, 1, 10);
    await arrived(10);
  });
  afterEach(async () => {
    stopReading.abort();
    await reading;
    await consumer.stop?.();
    await link.stop();
    await publisher.close();
  });

  const upTo = (last: number) => Array.from({ length: last }, (_, index) => index + 1);
  const arrived = (last: number) =>
    until(() => served.includes(last) && read.includes(last), {
      what: `message ${last} at consumer and reader (${reader.notReady()}, ${consumer.notReady?.()})`,
      deadlineMs: 15_000,
      everyMs: 10,
    });
  const ready = () =>
    until(() => consumer.notReady?.() === undefined && reader.notReady() === undefined, {
      what: 'ready',
      deadlineMs: 15_000,
    });
  const manager = () => publisher.jetstreamManager();

  it('when the server is killed and started again with its store', async () => {
    server.process.kill('SIGKILL');
    await server.process.exited;
    server = await start();
    await ready();
    await publishNumbers(await link.connection(), 11, 20);
    await arrived(20);
    assert.deepEqual(read, upTo(20));
    assert.deepEqual([...new Set(served)], upTo(20));
  });

  it('when its durable, or its own consumer, is deleted under it', async () => {
    resumeAfter = 10n;
    for await (const { name } of (await manager()).consumers.list(TEST_STREAM.name)) {
      await (await manager()).consumers.delete(TEST_STREAM.name, name);
    }
    await publishNumbers(publisher, 11, 20);
    const began = performance.now();
    await arrived(20);
    assert.ok(performance.now() - began < 2_000, 'the server said so; no need for silence to tell');
    assert.deepEqual(read, upTo(20));
    assert.deepEqual(served, upTo(20), 'it goes on where the checkpoint says');
  });

  it('when its durable is paused under it', async () => {
    const { consumers } = await manager();
    await consumers.pause(TEST_STREAM.name, 'rig-worker', new Date(Date.now() + 3_600_000));
    await publishNumbers(await link.connection(), 11, 20);
    await arrived(20);
    assert.deepEqual(served, upTo(20));
  });

  it('when the stream is deleted, recreated and filled again', async () => {
    resumeAfter = 10n;
    await remakeStream(publisher, TEST_STREAM);
    // While it is being filled, both wait for what comes after their position.
    await publishNumbers(publisher, 1, 15);
    await arrived(15);
    await publishNumbers(publisher, 16, 20);
    await arrived(20);
    assert.deepEqual(read, upTo(20));
    assert.deepEqual(served, upTo(20));
  });

  it('when the stream is missing for a while', async () => {
    resumeAfter = 10n;
    await (await manager()).streams.delete(TEST_STREAM.name);
    await until(() => consumer.notReady?.() !== undefined && reader.notReady() !== undefined, {
      what: 'not ready',
      deadlineMs: 10_000,
    });
    await remakeStream(publisher, TEST_STREAM);
    await publishNumbers(publisher, 1, 20);
    await arrived(20);
    assert.deepEqual(read, upTo(20));
  });

  it('when the server hangs with its connections open', async () => {
    server.process.kill('SIGSTOP');
    try {
      await until(() => [consumer.notReady?.(), reader.notReady()].every((why) => why), {
        what: 'not ready',
        deadlineMs: 10_000,
      });
    } finally {
      server.process.kill('SIGCONT');
    }
    await ready();
    await publishNumbers(await link.connection(), 11, 20);
    await arrived(20);
    assert.deepEqual(read, upTo(20));
    assert.deepEqual([...new Set(served)], upTo(20));
  });

  it('stops within its time while the server is away', async () => {
    server.process.kill('SIGKILL');
    await server.process.exited;
    try {
      await until(() => link.notReady() !== undefined, { what: 'lost', deadlineMs: 5_000 });
      stopReading.abort();
      await reading;
      await consumer.stop?.();
      await link.stop();
    } finally {
      server = await start();
    }
  });
});
