import { join } from 'node:path';
import { connect, type NatsConnection } from 'nats';
import { type Nats, startNats } from '../../../../stack/nats.ts';
import { freePorts } from '../../../../stack/ports.ts';
import { testFolder } from '../../../../stack/testing.ts';
import { eventually } from '../../../testing/eventually.ts';
import { TEST_STREAM } from '../../../testing/jetstream-rig.ts';
import { jetstreamAnswers } from './answering.ts';
import { ensureDurable, jetstreamManager } from './durable.ts';
import { ensureStream } from './jetstream-stream.ts';

describe('whether JetStream answers for its consumers', function suite() {
  this.timeout(60_000);
  let servers: Nats[];
  let connection: NatsConnection;

  before(async () => {
    const folder = await testFolder();
    const ports = await freePorts(3);
    servers = await Promise.all(
      ports.map((port) =>
        startNats({
          dataDir: join(folder, String(port)),
          name: `NATS-${port}`,
          cluster: { port, others: ports.filter((other) => other !== port) },
        }),
      ),
    );
    connection = await connect({ servers: servers[0]?.url ?? '' });
  });
  after(async () => {
    await connection.close();
    await Promise.all(servers.map((server) => server.stop()));
  });

  const asked = () => jetstreamAnswers(connection, TEST_STREAM.name, ['one', 'another']);

  it('a stream or a consumer that does not exist is an answer', async () => {
    await eventually('JetStream has a leader', () => asked().then(() => true), 30_000);
    await ensureStream(connection, { ...TEST_STREAM, replicas: 3 });
    await asked();
    await ensureDurable(
      await jetstreamManager(connection),
      {
        stream: TEST_STREAM.name,
        durable: 'one',
        filterSubjects: [],
        ackWaitMs: 5_000,
        maxDeliver: 5,
        maxAckPending: 10,
      },
      async () => 0n,
    );
    await asked();
  });

  it('a server that answers its ping does not answer for JetStream', async () => {
    for (const server of servers.slice(1)) server.process.kill('SIGKILL');
    // Where the one that is left led them, it goes on until it misses its followers.
    await eventually(
      'no answer',
      () =>
        asked()
          .then(() => false)
          .catch(() => true),
      30_000,
    );
    await connection.flush();
  });
});
