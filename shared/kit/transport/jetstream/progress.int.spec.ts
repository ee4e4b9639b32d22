import assert from 'node:assert/strict';
import { AckPolicy, connect, type JetStreamManager, type JsMsg, type NatsConnection } from 'nats';
import { type TestNats, testNats } from '../../../../stack/testing.ts';
import { eventually } from '../../../testing/eventually.ts';
import { publishNumbers, TEST_STREAM } from '../../../testing/jetstream-rig.ts';
import { remakeStream } from './jetstream-stream.ts';
import { idAt, progressOf, whyStuck } from './progress.ts';

describe('progress of a durable', () => {
  let server: TestNats;
  let connection: NatsConnection;
  let manager: JetStreamManager;
  const { name: stream } = TEST_STREAM;
  before(async () => {
    server = await testNats();
    connection = await connect({ servers: server.url });
    manager = await connection.jetstreamManager();
  });
  beforeEach(async () => {
    await remakeStream(connection, TEST_STREAM);
    await manager.consumers.add(stream, {
      durable_name: 'd',
      ack_policy: AckPolicy.Explicit,
      max_ack_pending: 2,
    });
    await publishNumbers(connection, 1, 3);
  });
  after(async () => {
    await connection.close();
    await server.stop();
  });

  async function take(count: number) {
    const consumer = await connection.jetstream().consumers.get(stream, 'd');
    const taken: JsMsg[] = [];
    // The client's fetch ends early and without a word when its request is
    // lost, as right after the durable was made; ask again for the rest.
    await eventually(`${count} messages`, async () => {
      const rest = { max_messages: count - taken.length, expires: 1_000 };
      for await (const message of await consumer.fetch(rest)) taken.push(message);
      return taken.length === count;
    });
    return taken;
  }
  const stuck = (head: bigint) => whyStuck(manager, stream, 'd', async () => head);

  it('its position ends before the first message that is not done; its lag counts the rest', async () => {
    const [, second] = await take(2);
    await second?.ackAck();
    const info = await manager.consumers.info(stream, 'd');
    assert.deepEqual(progressOf(info), { position: 0n, delivered: 2n, lag: 2 });
  });

  it('a message has an identity, a sequence without one has none', async () => {
    const ids = [1n, 0n, 4n].map((sequence) => idAt(manager, stream, sequence));
    assert.deepEqual(await Promise.all(ids), ['id-1', '', '']);
  });

  it('silence is suspicious while messages wait', async () => {
    // The broker counts what a new durable has to deliver a moment after it made it.
    await eventually('3 messages wait', async () => {
      assert.match((await stuck(3n)) ?? '', /3 messages wait/);
      return true;
    });
  });

  it('silence is right while as many as allowed are unanswered, and when all is delivered', async () => {
    const taken = await take(2);
    assert.equal(await stuck(3n), undefined);
    for (const message of taken) await message.ackAck();
    await take(1);
    assert.equal(await stuck(3n), undefined);
  });

  it('silence is suspicious when the log has more than the stream', async () => {
    for (const message of await take(2)) await message.ackAck();
    await take(1);
    assert.match((await stuck(4n)) ?? '', /the log has 4 events but the stream ends at 3/);
  });
});
