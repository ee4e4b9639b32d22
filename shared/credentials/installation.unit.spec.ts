import assert from 'node:assert/strict';
import { X509Certificate } from 'node:crypto';
import { globSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { tlsIdentity } from '../kit/transport/tls/tls-files.ts';
import { endOf } from './certificate-authority.ts';
import { type InstallationOptions, installationFolders, makeInstallation } from './installation.ts';
import { leafFiles } from './leaves.ts';

const DAY = 24 * 60 * 60_000;

describe('the credentials of an installation', () => {
  let folder: string;
  let now: number;
  const make = (options: Partial<InstallationOptions> = {}) =>
    makeInstallation({
      folder,
      sqlHosts: ['db', 'node1'],
      natsHosts: ['broker'],
      streams: ['ORDERS'],
      leafMs: 90 * DAY,
      now,
      ...options,
    });
  const files = () => globSync('**/*.*', { cwd: folder }).sort();
  const read = (path: string) => readFileSync(join(folder, path), 'utf8');
  const having = (pattern: RegExp) => [
    ...new Set(
      files()
        .filter((file) => pattern.test(file))
        .map((file) => file.split('/')[0]),
    ),
  ];

  beforeEach(async () => {
    folder = mkdtempSync(join(tmpdir(), 'installation-'));
    now = Date.now();
    await make();
  });
  afterEach(() => rmSync(folder, { recursive: true }));

  it('are in folders that only their owner may enter, and nowhere else', () => {
    assert.deepEqual(having(/./).sort(), [...installationFolders()].sort());
    for (const name of installationFolders()) {
      assert.equal(statSync(join(folder, name)).mode & 0o077, 0, name);
    }
    for (const file of files()) assert.equal(statSync(join(folder, file)).mode & 0o077, 0, file);
  });

  it('give a program what is its own, and only the authority what makes others', () => {
    assert.deepEqual(having(/ca[.]key$/), ['authority']);
    assert.deepEqual(having(/signing-key/), ['authority', 'operator']);
    assert.deepEqual(having(/idempotency/), ['authority', 'ordersvc']);
    for (const file of files()) {
      const [owner, name] =
        /^([^/]+)[/](?:sql|nats)[/](\w+)[.](?:pgpass|nk)$/.exec(file)?.slice(1) ?? [];
      // Who makes the roles knows their passwords.
      if (owner !== 'bootstrapper') assert.equal(owner, name, file);
    }
  });

  it('are made once, and those of certificates again once their time is half over', async () => {
    // What a server keeps of a password has another salt each time.
    const contents = () =>
      files()
        .filter((file) => !file.endsWith('roles.sql'))
        .map(read);
    const before = contents();
    now += 40 * DAY;
    await make();
    assert.deepEqual(contents(), before);
    now += 10 * DAY;
    await make();
    for (const file of files()) {
      if (!/[.]crt$/.test(file) || /ca[.]crt$/.test(file)) continue;
      assert.ok(endOf(read(file)) - now > 89 * DAY, file);
    }
    for (const name of ['ordersvc', 'nats']) tlsIdentity(leafFiles(join(folder, name), name));
  });

  it('hand out a password that was replaced', async () => {
    const line = 'db:*:*:ordersvc:another\n';
    writeFileSync(join(folder, 'bootstrapper/sql/ordersvc.pgpass'), line);
    await make();
    assert.equal(read('ordersvc/sql/ordersvc.pgpass'), line);
  });

  it('trust the old authority beside a new one, until it is taken out', async () => {
    const [old] = read('ordersvc/tls/ca.crt').split(/(?<=-----END CERTIFICATE-----)/);
    rmSync(join(folder, 'authority/tls/ca.key'));
    await make();
    assert.equal(read('ordersvc/tls/ca.crt').split('BEGIN').length - 1, 2);
    assert.ok(read('nats/tls/ca.crt').includes(old ?? 'nothing'));
  });

  it('name CockroachDB’s nodes and root as it wants them', () => {
    const node = new X509Certificate(read('cockroach/tls/node.crt'));
    const root = new X509Certificate(read('cockroach-init/tls/client.root.crt'));
    assert.equal(node.subject, 'CN=node');
    assert.equal(root.subject, 'CN=root');
    for (const name of ['db', 'node1', 'localhost']) assert.ok(node.checkHost(name), name);
    assert.ok(node.checkIP('127.0.0.1'));
    const [server, client] = ['1.3.6.1.5.5.7.3.1', '1.3.6.1.5.5.7.3.2'];
    assert.deepEqual(node.keyUsage.toSorted(), [server, client]);
    assert.deepEqual(root.keyUsage, [client]);
  });

  it('let nobody outside see the monitor of NATS, which knows no login', () => {
    assert.match(read('nats/nats.conf'), /^http: "127[.]0[.]0[.]1:8222"$/m);
  });

  it('let the bootstrapper log in without its password in a statement', () => {
    const password = read('bootstrapper/sql/bootstrapper.pgpass').trim().split(':').at(-1) ?? '';
    assert.ok(password.length > 40);
    const statements = read('cockroach-init/roles.sql');
    assert.ok(statements.includes('SCRAM-SHA-256$'));
    assert.ok(!statements.includes(password));
  });

  it('are made again for a server whose names change, and stay for the others', async () => {
    const leaves = () =>
      Object.fromEntries(
        files()
          .filter((file) => file.includes('/tls/'))
          .map((file) => [file, read(file)]),
      );
    const before = leaves();
    await make({ natsHosts: ['broker', 'broker-2'] });
    const after = leaves();
    const changed = Object.keys(after).filter((file) => after[file] !== before[file]);
    assert.ok(changed.length > 0);
    for (const file of changed) assert.match(file, /^nats[/]/);
    const cert = changed.find((file) => file.endsWith('.crt')) ?? assert.fail();
    assert.match(new X509Certificate(read(cert)).subjectAltName ?? '', /DNS:broker-2/);
    await make({ natsHosts: ['broker', 'broker-2'] });
    assert.deepEqual(leaves(), after);
  });
});
