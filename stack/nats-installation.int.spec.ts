/** A NATS that is configured by `ordersctl credentials`: TLS, keys, and limits. */
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { connect, type NatsConnection } from 'nats';
import { makeInstallation } from '../shared/credentials/installation.ts';
import { natsConnectionOptions } from '../shared/kit/transport/nats/nats-connection.ts';
import { eventually } from '../shared/testing/eventually.ts';
import { type Nats, startNats } from './nats.ts';
import { testFolder } from './testing.ts';

describe('a NATS of an installation', function suite() {
  this.timeout(60_000);
  let folder: string;
  let server: Nats;
  const opened: NatsConnection[] = [];

  before(async () => {
    folder = await testFolder();
    await makeInstallation({
      folder,
      sqlHosts: ['db'],
      natsHosts: ['localhost'],
      streams: ['ORDERS'],
      leafMs: 3_600_000,
      now: Date.now(),
    });
    const dataDir = join(await testFolder(), 'nats');
    server = await startNats({ dataDir, configuration: join(folder, 'nats/nats.conf') });
  });
  afterEach(async () => {
    await Promise.all(opened.splice(0).map((connection) => connection.close()));
  });
  after(() => server?.stop());

  const key = (identity: string) => `nkey=${folder}/${identity}/nats/${identity}.nk`;
  const ca = () => `ca=${folder}/ordersvc/tls/ca.crt`;
  async function connected(url: string): Promise<NatsConnection> {
    const options = { ...natsConnectionOptions(url, 'spec'), reconnect: false };
    const connection = await connect(options);
    opened.push(connection);
    return connection;
  }
  const as = (identity: string) =>
    connected(`tls://${identity}@localhost:${server.port}?${key(identity)}&${ca()}`);

  it('is reached by TLS with a key', async () => {
    const manager = await (await as('bootstrapper')).jetstreamManager({ checkAPI: false });
    await manager.streams.add({ name: 'ORDERS', subjects: ['ORDERS.*'] });
    const { seq } = await (await as('eventstoresvc')).jetstream().publish('ORDERS.x', '{}');
    assert.equal(seq, 1);
  });

  it('lets nobody in without a key, without TLS, or to a server of another authority', async () => {
    await assert.rejects(connected(`tls://localhost:${server.port}?${ca()}`), /Authorization/);
    const own = `eventstoresvc@localhost:${server.port}?${key('eventstoresvc')}`;
    await assert.rejects(connected(`tls://${own}`), /self.signed|unable to/i);
    await assert.rejects(connected(`nats://${own}`), /self.signed|unable to|TLS/i);
  });

  it('refuses a larger message than an event, and a flood of subscriptions, to all', async () => {
    const connection = await as('eventstoresvc');
    assert.equal(connection.info?.max_payload, 1024 * 1024);
    const flooding = await as('reviewworker');
    let refused = 0;
    void (async () => {
      for await (const { type } of flooding.status()) if (type === 'error') refused += 1;
    })();
    for (let n = 0; n < 150; n += 1) flooding.subscribe(`_INBOX_reviewworker.${n}`);
    await flooding.flush();
    await eventually('each beyond the hundredth is refused', () => refused === 50);
  });
});
