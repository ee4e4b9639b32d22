import assert from 'node:assert/strict';
import { setImmediate as turn } from 'node:timers/promises';
import { connect, type NatsConnection } from 'nats';
import { type TestNats, testNats } from '../../../../stack/testing.ts';
import { until } from '../../../../stack/until.ts';
import { publishNumbers, TEST_STREAM } from '../../../testing/jetstream-rig.ts';
import { silentLogger } from '../../logger.ts';
import { remakeStream } from './jetstream-stream.ts';
import { readStream } from './reader.ts';

describe('readStream', () => {
  let server: TestNats;
  let connection: NatsConnection;
  let stop: AbortController;
  before(async () => {
    server = await testNats();
    connection = await connect({ servers: server.url });
  });
  beforeEach(async () => {
    await remakeStream(connection, TEST_STREAM);
    stop = new AbortController();
  });
  afterEach(() => stop.abort());
  after(async () => {
    await connection.close();
    await server.stop();
  });

  const read = (startAfter: bigint, maxBatch: number) =>
    readStream({
      connection: async () => connection,
      stream: TEST_STREAM.name,
      startAfter,
      maxBatch,
      signal: stop.signal,
      logger: silentLogger,
    });
  const consumers = async () => {
    const { state } = await (await connection.jetstreamManager()).streams.info(TEST_STREAM.name);
    return state.consumer_count;
  };

  it('reads in order from the position given, in batches of at most maxBatch', async () => {
    await publishNumbers(connection, 1, 50);
    const sequences: number[] = [];
    for await (const batch of read(20n, 7)) {
      assert.ok(batch.length > 0 && batch.length <= 7);
      sequences.push(...batch.map(({ sequence }) => Number(sequence)));
      if (sequences.length === 30) break;
    }
    assert.deepEqual(
      sequences,
      Array.from({ length: 30 }, (_, index) => index + 21),
    );
  });

  it('a message reaches a waiting reader at once, and gathers for a busy one', async () => {
    const sizes: number[] = [];
    const busy = Promise.withResolvers<void>();
    const loop = (async () => {
      for await (const batch of read(0n, 10)) {
        sizes.push(batch.length);
        if (sizes.length === 1) await busy.promise;
      }
    })();
    await publishNumbers(connection, 1, 1);
    await until(() => sizes.length === 1, { what: 'one', deadlineMs: 5_000, everyMs: 5 });
    await publishNumbers(connection, 2, 9);
    // They are behind us on the same connection once this is answered.
    await connection.flush();
    await turn();
    busy.resolve();
    await until(() => sizes.length === 2, { what: 'the rest', deadlineMs: 5_000, everyMs: 5 });
    assert.deepEqual(sizes, [1, 8]);
    stop.abort();
    await loop;
  });

  it('holds a bounded number of messages while nobody takes them', async () => {
    await publishNumbers(connection, 1, 100);
    const iterator = read(0n, 5)[Symbol.asyncIterator]();
    await iterator.next();
    const jsm = await connection.jetstreamManager();
    const delivered = async () => {
      for await (const { delivered } of jsm.consumers.list(TEST_STREAM.name))
        return delivered.stream_seq;
      return 0;
    };
    await connection.flush();
    const before = await delivered();
    assert.ok(before <= 15, `${before} delivered, of which 5 were taken and 10 may wait`);
    await iterator.return?.();
  });

  it('waits at a gap instead of jumping it, and goes on when the stream has no gap any more', async () => {
    const jsm = await connection.jetstreamManager();
    await jsm.streams.delete(TEST_STREAM.name);
    await jsm.streams.add({ name: TEST_STREAM.name, subjects: [...TEST_STREAM.subjects] });
    await publishNumbers(connection, 1, 6);
    await jsm.streams.deleteMessage(TEST_STREAM.name, 4);
    const sequences: number[] = [];
    const reader = read(0n, 10);
    const loop = (async () => {
      for await (const batch of reader) {
        sequences.push(...batch.map(({ sequence }) => Number(sequence)));
      }
    })();
    await until(() => reader.notReady()?.includes('message 4 is missing'), {
      what: 'the gap is said',
      deadlineMs: 5_000,
      everyMs: 1,
    });
    assert.deepEqual(sequences, [1, 2, 3]);
    await remakeStream(connection, TEST_STREAM);
    await publishNumbers(connection, 1, 6);
    await until(() => sequences.length === 6, { what: 'the rest', deadlineMs: 10_000 });
    assert.deepEqual(sequences, [1, 2, 3, 4, 5, 6]);
    stop.abort();
    await loop;
  });

  it('leaves no consumer behind, whether the loop ends, fails or is aborted', async () => {
    await publishNumbers(connection, 1, 3);
    for await (const _ of read(0n, 1)) break;
    assert.equal(await consumers(), 0);
    await assert.rejects(async () => {
      for await (const _ of read(0n, 1)) throw new Error('the loop failed');
    }, /the loop failed/);
    assert.equal(await consumers(), 0);
    const loop = (async () => {
      for await (const batch of read(0n, 10)) assert.ok(batch.length > 0);
    })();
    await until(async () => (await consumers()) === 1, { what: 'reading', deadlineMs: 5_000 });
    stop.abort();
    await loop;
    assert.equal(await consumers(), 0);
  });
});
