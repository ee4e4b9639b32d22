/** The configuration of an installation's NATS cluster, in three real servers. */
import assert from 'node:assert/strict';
import { readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { connect, type NatsConnection } from 'nats';
import { type Nats, startNats } from '../../stack/nats.ts';
import { freePorts } from '../../stack/ports.ts';
import { testFolder } from '../../stack/testing.ts';
import { ORDERS_STREAM } from '../contracts/subjects.ts';
import { ensureStream } from '../kit/transport/jetstream/jetstream-stream.ts';
import { natsConnectionOptions } from '../kit/transport/nats/nats-connection.ts';
import { eventually } from '../testing/eventually.ts';
import { installationNatsConf, makeInstallation } from './installation.ts';

describe('the NATS cluster of an installation', function suite() {
  this.timeout(90_000);
  let folder: string;
  let clusterPorts: readonly number[];
  let ports: readonly number[];
  const servers: Nats[] = [];

  before(async () => {
    folder = await testFolder();
    const free = await freePorts(8);
    [clusterPorts, ports] = [free.slice(0, 4), free.slice(4)];
    await makeInstallation({
      folder,
      sqlHosts: ['db'],
      // Each node is on this machine; the name is in the certificate.
      natsHosts: ['nats', 'localhost', 'localhost', 'localhost'],
      streams: [ORDERS_STREAM],
      leafMs: 3_600_000,
      now: Date.now(),
    });
    servers.push(...(await Promise.all([0, 1, 2].map((index) => start(index, (text) => text)))));
  });
  after(() => Promise.all(servers.map((server) => server.stop())));

  /** Starts node `index` with what the installation says, on ports of this machine. */
  async function start(index: number, change: (text: string) => string): Promise<Nats> {
    const nodes = ['localhost', 'localhost', 'localhost'];
    let node = 0;
    const told = installationNatsConf({ folder, streams: [ORDERS_STREAM] }, nodes)
      .replace('0.0.0.0:6222', `127.0.0.1:${clusterPorts[index]}`)
      .replace(/^http: .*$/m, '')
      .replaceAll('localhost:6222', () => `localhost:${clusterPorts[node++]}`);
    const configuration = join(folder, `${index}.conf`);
    await writeFile(configuration, change(told));
    return startNats({
      dataDir: join(folder, `data-${index}`),
      name: `nats${index + 1}`,
      port: ports[index] ?? 0,
      configuration,
      logFile: join(folder, `${index}.log`),
      cluster: { port: clusterPorts[index] ?? 0, others: [] },
    });
  }

  const as = (identity: string): Promise<NatsConnection> => {
    const key = join(folder, identity, `nats/${identity}.nk`);
    const ca = join(folder, identity, 'tls/ca.crt');
    const urls = ports
      .slice(0, 3)
      .map((port) => `tls://${identity}@localhost:${port}?nkey=${key}&ca=${ca}`);
    return connect(natsConnectionOptions(urls.join(','), 'test'));
  };

  /** The names of the servers that this one knows. */
  async function known(server: Nats | undefined): Promise<readonly string[]> {
    const answer = await fetch(`${server?.monitorUrl}/routez`);
    const { routes } = (await answer.json()) as { routes: { remote_name: string }[] };
    return [...new Set(routes.map(({ remote_name }) => remote_name))].sort();
  }

  it('keeps three copies for who comes with a key', async () => {
    const connection = await as('bootstrapper');
    const options = { name: ORDERS_STREAM, subjects: [`${ORDERS_STREAM}.*`], replicas: 3 };
    await eventually('a stream of three', () => ensureStream(connection, options), 30_000);
    await connection.close();
    assert.deepEqual(await known(servers[0]), ['nats2', 'nats3']);
  });

  it('takes a server with the certificate of NATS, and none with a service’s or with none', async () => {
    const welcome = await start(3, (text) => text);
    await eventually('it joined', async () => (await known(servers[0])).includes('nats4'), 30_000);
    await welcome.stop();
    await rm(join(folder, '3.log'));
    await eventually('it left', async () => !(await known(servers[0])).includes('nats4'), 30_000);

    const leaf = (name: string) => join(folder, name, `tls/${name}.`);
    const [own, others] = [leaf('nats'), leaf('paymentworker')];
    const cluster = /cluster \{\n[\s\S]*?\n\}\n/;
    const asService = (text: string) =>
      text.replace(cluster, (block) => block.replaceAll(own, others));
    const withoutTls = (text: string) =>
      text.replace(cluster, (block) => block.replace(/ {2}tls \{[^}]*\}\n/, ''));
    for (const change of [asService, withoutTls]) {
      const stranger = await start(3, (text) => {
        const other = change(text);
        assert.notEqual(other, text);
        return other;
      });
      try {
        // The welcome one was in at its first attempt.
        await eventually(
          'it was refused again and again',
          async () => {
            const said = await readFile(join(folder, '3.log'), 'utf8');
            return said.split(/Router connection closed/).length > 6;
          },
          30_000,
        );
        assert.deepEqual(await known(stranger), []);
        assert.deepEqual(await known(servers[0]), ['nats2', 'nats3']);
      } finally {
        await stranger.stop();
        await rm(join(folder, '3.log'), { force: true });
      }
    }
  });
});
