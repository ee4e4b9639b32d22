/** What NATS' chart is told, on a real server. The chart itself is not rendered: that takes Helm. */
import assert from 'node:assert/strict';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { connect } from 'nats';
import { ORDERS_STREAM } from '../shared/contracts/subjects.ts';
import { makeInstallation } from '../shared/credentials/installation.ts';
import { natsConnectionOptions } from '../shared/kit/transport/nats/nats-connection.ts';
import { type Nats, startNats } from '../stack/nats.ts';
import { testFolder } from '../stack/testing.ts';
import { natsValues } from './broker.ts';
import { natsHosts } from './certificates.ts';
import { secretObjects } from './secrets.ts';
import { defaults } from './testing/rendered.ts';

describe('the configuration of NATS in the cluster', function suite() {
  // nats-server may have to be built first.
  this.timeout(300_000);
  let folder: string;
  let nats: Nats;
  const values = natsValues(defaults);

  before(async () => {
    folder = await testFolder();
    await makeInstallation({
      folder,
      sqlHosts: ['orders-sql-rw'],
      natsHosts: natsHosts as [string, ...string[]],
      streams: [ORDERS_STREAM],
      leafMs: 3_600_000,
      now: Date.now(),
    });
    // Each Secret is a folder under /etc, as the chart mounts them.
    const mounts: Readonly<Record<string, string>> = {
      'nats-tls': 'nats-certs',
      'nats-users': 'nats-users',
    };
    for (const { metadata, data } of await secretObjects(folder, defaults)) {
      const mount = mounts[metadata?.name ?? ''];
      if (mount === undefined) continue;
      await mkdir(join(folder, 'etc', mount), { recursive: true });
      for (const [file, text] of Object.entries(data ?? {})) {
        await writeFile(join(folder, 'etc', mount, file), Buffer.from(text, 'base64'));
      }
    }
    const { config } = values;
    const leaf = {
      cert_file: join(folder, 'etc/nats-certs', config.nats.tls.cert),
      key_file: join(folder, 'etc/nats-certs', config.nats.tls.key),
      ca_file: join(folder, 'etc/nats-certs', values.tlsCA.key),
    };
    // As the chart writes it: what is included first, then its own in the order of the alphabet.
    const own = {
      jetstream: { max_file_store: 20 * 2 ** 30, max_memory_store: 0 },
      lame_duck_duration: '30s',
      tls: { ...leaf, ...config.nats.tls.merge },
    };
    const file = join(folder, 'etc/nats-config/nats.conf');
    await mkdir(join(folder, 'etc/nats-config'));
    const settings = JSON.stringify(own, null, 2).replace('{', '');
    await writeFile(file, `{\ninclude ${config.merge.$include};\n${settings}\n`);
    nats = await startNats({ dataDir: join(folder, 'data'), configuration: file });
  });
  after(() => nats?.stop());

  const address = (identity: string, key = identity) =>
    `tls://${identity}@127.0.0.1:${nats.port}?nkey=${folder}/${key}/nats/${key}.nk&ca=${folder}/${identity}/tls/ca.crt`;
  const as = (url: string) => connect({ ...natsConnectionOptions(url, 'spec'), reconnect: false });

  it('lets in who has a key of ours, by TLS, and nobody else', async () => {
    const connection = await as(address('paymentworker'));
    await connection.close();
    await assert.rejects(as(`nats://127.0.0.1:${nats.port}`));
    const { makeNkey } = await import('../shared/credentials/nats-keys.ts');
    const { credentialsFolder } = await import('../shared/credentials/credentials-folder.ts');
    makeNkey(credentialsFolder(join(folder, 'stranger')), 'stranger');
    await assert.rejects(as(address('paymentworker', 'stranger')), /AUTHORIZATION/i);
  });

  it('has the limits of ours, and the disk that the chart says', async () => {
    const told = async (path: string) => (await fetch(`${nats.monitorUrl}${path}`)).json();
    const jetstream = (await told('/jsz')) as { config: { max_storage: number } };
    assert.equal(jetstream.config.max_storage, 20 * 2 ** 30);
    const server = (await told('/varz')) as { max_payload: number; max_subscriptions?: number };
    assert.equal(server.max_payload, 1_048_576);
  });

  it('has a certificate for each server, under the name by which the others call it', () => {
    assert.equal(values.config.cluster.replicas, 3);
    assert.equal(values.config.cluster.tls.merge.verify, true);
    const { fullnameOverride: name } = values;
    for (const i of [0, 1, 2]) assert.ok(natsHosts.includes(`${name}-${i}.${name}-headless`));
  });
});
