import assert from 'node:assert/strict';
import { connect, type NatsConnection, nanos } from 'nats';
import { type TestNats, testNats } from '../../../../stack/testing.ts';
import { CodedError } from '../../errors.ts';
import { ensureStream, remakeStream, streamState } from './jetstream-stream.ts';

const EMPTY = { messages: 0n, first: 0n, last: 0n };

describe('ensureStream', () => {
  let server: TestNats;
  let connection: NatsConnection;
  before(async () => {
    server = await testNats();
    connection = await connect({ servers: server.url });
  });
  after(async () => {
    await connection.close();
    await server.stop();
  });
  const manager = () => connection.jetstreamManager();
  const named = (name: string) => ({ name, subjects: [`${name}.*`], replicas: 1 });

  it('makes a stream in files, without limits, from which nothing can be deleted', async () => {
    assert.deepEqual(await ensureStream(connection, named('NEW')), EMPTY);
    const { config } = await (await manager()).streams.info('NEW');
    assert.equal(config.storage, 'file');
    assert.equal(config.retention, 'limits');
    assert.deepEqual(config.subjects, ['NEW.*']);
    for (const limit of ['max_msgs', 'max_bytes', 'max_msgs_per_subject'] as const) {
      assert.equal(config[limit], -1);
    }
    assert.equal(config.max_age, 0);
    assert.equal(config.duplicate_window, nanos(100));
    await connection.jetstream().publish('NEW.x', '1');
    await assert.rejects((await manager()).streams.purge('NEW'), /purge/);
    await assert.rejects((await manager()).streams.deleteMessage('NEW', 1), /delete/);
  });

  it('is harmless when it runs again, also ten at once, and gives the state after it', async () => {
    const wanted = named('MANY');
    const states = await Promise.all(
      Array.from({ length: 10 }, () => ensureStream(connection, wanted)),
    );
    for (const state of states) assert.deepEqual(state, EMPTY);
    await connection.jetstream().publish('MANY.x', '1');
    const state = await ensureStream(connection, wanted);
    assert.deepEqual(state, { messages: 1n, first: 1n, last: 1n });
  });

  it('fixes what can be changed and keeps the messages', async () => {
    await (await manager()).streams.add({ name: 'FIXED', subjects: ['FIXED.a'], max_msgs: 5 });
    await connection.jetstream().publish('FIXED.a', '1');
    const state = await ensureStream(connection, named('FIXED'));
    assert.equal(state.messages, 1n);
    const { config } = await (await manager()).streams.info('FIXED');
    assert.deepEqual(config.subjects, ['FIXED.*']);
    assert.equal(config.max_msgs, -1);
    assert.equal(config.deny_purge, true);
  });

  it('refuses a stream that differs in what cannot be changed, naming it and the remedy', async () => {
    await (await manager()).streams.add({
      name: 'ODD',
      subjects: ['ODD.*'],
      storage: 'memory' as never,
      retention: 'workqueue' as never,
    });
    await assert.rejects(ensureStream(connection, named('ODD')), (error: unknown) => {
      assert.ok(error instanceof CodedError);
      assert.equal(error.code, 'stream_mismatch');
      assert.match(error.message, /storage is memory and must be file/);
      assert.match(error.message, /retention is workqueue and must be limits/);
      assert.match(error.message, /Delete it/);
      return true;
    });
  });

  it('a server that cannot be asked is unavailable', async () => {
    const other = await connect({ servers: server.url });
    await other.close();
    await assert.rejects(ensureStream(other, named('GONE')), { kind: 'unavailable' });
  });

  it('remakeStream empties a stream from which nothing can be deleted, and makes a missing one', async () => {
    await ensureStream(connection, named('HOLE'));
    await connection.jetstream().publish('HOLE.x', '1');
    assert.deepEqual(await remakeStream(connection, named('HOLE')), EMPTY);
    assert.deepEqual(await remakeStream(connection, named('HOLE2')), EMPTY);
  });

  it('streamState tells a missing stream from an empty one', async () => {
    await ensureStream(connection, named('HERE'));
    assert.deepEqual(await streamState(connection, 'HERE'), EMPTY);
    assert.equal(await streamState(connection, 'NOWHERE'), undefined);
  });
});
