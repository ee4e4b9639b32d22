import assert from 'node:assert/strict';
import { connect, type NatsConnection } from 'nats';
import { remakeStream } from '../../shared/kit/transport/jetstream/jetstream-stream.ts';
import { publishNumbers, TEST_STREAM } from '../../shared/testing/jetstream-rig.ts';
import { type TestNats, testNats } from '../../stack/testing.ts';
import { publishedMessages } from './published.ts';

describe('the stream as an audit reads it', () => {
  let server: TestNats;
  let connection: NatsConnection;
  before(async () => {
    server = await testNats();
    connection = await connect({ servers: server.url });
  });
  beforeEach(() => remakeStream(connection, TEST_STREAM));
  after(async () => {
    await connection.close();
    await server.stop();
  });

  const published = () => publishedMessages(connection, TEST_STREAM.name);

  /** As when the server that holds it goes away. */
  async function loseConsumers(): Promise<number> {
    const manager = await connection.jetstreamManager();
    let lost = 0;
    for await (const { name } of manager.consumers.list(TEST_STREAM.name)) {
      await manager.consumers.delete(TEST_STREAM.name, name);
      lost++;
    }
    return lost;
  }

  it('goes on after the message it had when its consumer is lost, each message once', async () => {
    await publishNumbers(connection, 1, 2_500);
    const sequences: bigint[] = [];
    for await (const { sequence } of published().messages(2_500n)) {
      sequences.push(sequence);
      if (sequences.length % 700 === 0) assert.equal(await loseConsumers(), 1);
    }
    assert.deepEqual(
      sequences,
      Array.from({ length: 2_500 }, (_, n) => BigInt(n + 1)),
    );
    assert.equal(await loseConsumers(), 0, 'it leaves no consumer behind');
  });

  it('a stream that is deleted under it is an outage with a code', async () => {
    await publishNumbers(connection, 1, 1_500);
    const manager = await connection.jetstreamManager();
    const reading = async () => {
      for await (const { sequence } of published().messages(1_500n)) {
        if (sequence === 1n) await manager.streams.delete(TEST_STREAM.name);
      }
    };
    await assert.rejects(reading, { kind: 'unavailable', code: 'broker_unavailable' });
  });
});
