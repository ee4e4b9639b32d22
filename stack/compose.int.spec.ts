/** compose.yaml against the code it runs. The containers themselves are started nowhere: that takes an engine. */
import assert from 'node:assert/strict';
import { readdir, readFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { ConfigError } from '../shared/kit/config.ts';
import { type ComposeConfig, type ComposeService, composeConfig } from './compose-config.ts';
import { databaseUrl } from './postgres.ts';
import { bootstrapper, databases, serverPorts, services } from './services.ts';

type ReadConfig = (env: NodeJS.ProcessEnv) => Record<string, unknown>;

const root = resolve(import.meta.dirname, '..');
const rows = [bootstrapper, ...services];
const cockroach = ['cockroach1', 'cockroach2', 'cockroach3'];

describe('compose.yaml', function suite() {
  // Docker Compose may have to be built first.
  this.timeout(600_000);
  let composed: ComposeConfig;

  before(async function () {
    const read = await composeConfig();
    if (typeof read === 'string') {
      console.log(`      skipped: ${read}`);
      this.skip();
    }
    composed = read;
  });

  const service = (name: string): ComposeService => {
    const found = composed.services[name];
    assert.ok(found, `${name} is not in compose.yaml`);
    return found;
  };
  const configOf = async (name: string): Promise<ReadConfig> =>
    (await import(`../services/${name}/config.ts`)).readConfig;
  /** What the container's process finds when the shell passes nothing on. */
  const environment = (name: string): Record<string, string> =>
    Object.fromEntries(
      Object.entries(service(name).environment ?? {}).flatMap(([key, value]) =>
        value === null ? [] : [[key, value]],
      ),
    );
  const published = (name: string) =>
    (service(name).ports ?? []).map(({ published, target }) => [Number(published), target]);
  const conditions = (name: string) =>
    Object.fromEntries(
      Object.entries(service(name).depends_on ?? {}).map(([on, { condition }]) => [on, condition]),
    );

  it('runs every service there is by the command of make start', async () => {
    const folders = await readdir(join(root, 'services'), { withFileTypes: true });
    const names = folders.filter((entry) => entry.isDirectory()).map(({ name }) => name);
    assert.deepEqual(names.toSorted(), rows.map(({ name }) => name).toSorted());
    for (const { name, nodeArgs = [] } of rows) {
      const command = ['node', ...nodeArgs, `services/${name}/main.ts`];
      assert.deepEqual(service(name).command, command, name);
    }
  });

  it('tells each service what it needs, in words that it accepts', async () => {
    for (const { name, needs } of rows) {
      const told = environment(name);
      (await configOf(name))(told);
      for (const need of needs) assert.ok(told[need], `${name} is not told ${need}`);
    }
  });

  it('tells no service what it does not read', async () => {
    for (const { name } of rows) {
      const readConfig = await configOf(name);
      // The key is read with this gateway only.
      const stripe = { PAYMENT_GATEWAY: 'stripe', STRIPE_SECRET_KEY: 'sk_test' };
      const told = { ...environment(name), ...(name === 'paymentworker' && stripe) };
      const asTold = readConfig(told);
      for (const key of Object.keys(service(name).environment ?? {})) {
        const heard = () => {
          try {
            assert.notDeepEqual(readConfig({ ...told, [key]: 'something else' }), asTold);
            return true;
          } catch (error) {
            return error instanceof ConfigError && error.message.includes(key);
          }
        };
        assert.ok(heard(), `${name} does not read ${key}`);
      }
    }
  });

  it('gives each database the address of the cluster, and each address a service that is there', () => {
    for (const { name, needs } of rows) {
      const told = environment(name);
      for (const need of needs) {
        const value = told[need] ?? '';
        const url = new URL(value.includes('://') ? value : `grpc://${value}`);
        if (need in databases) {
          assert.equal(url.host, 'cockroachdb:26257', `${name}: ${need}`);
          assert.equal(url.username, new URL(databaseUrl(0, 'any')).username, 'as by make start');
          assert.equal(url.pathname, `/${databases[need as keyof typeof databases]}`);
        } else {
          assert.ok(composed.services[url.hostname], `${name}: ${need} names ${url.hostname}`);
        }
      }
    }
  });

  it('publishes the documented ports, to this machine only', () => {
    assert.deepEqual(published('cockroach1'), [[serverPorts.sql, 26257]]);
    assert.deepEqual(published('nats'), [
      [serverPorts.nats, 4222],
      [serverPorts.natsMonitor, 8222],
    ]);
    assert.deepEqual(published('zipkin'), [[serverPorts.zipkin, 9411]]);
    for (const { name, adminPort, serves } of services) {
      const told = environment(name);
      const wanted = [serves?.port, adminPort].filter((port) => port !== undefined);
      const pairs = wanted.map((port) => [port, port]);
      assert.deepEqual(published(name), pairs, name);
      assert.equal(told.ADMIN_PORT, String(adminPort));
      if (serves) assert.equal(told[serves.variable], String(serves.port));
    }
    for (const [name, { ports = [] }] of Object.entries(composed.services)) {
      for (const { host_ip } of ports) assert.equal(host_ip, '127.0.0.1', name);
    }
  });

  it('starts things in the order in which they can work', () => {
    const started = Object.fromEntries(cockroach.map((name) => [name, 'service_started']));
    const healthy = Object.fromEntries(cockroach.map((name) => [name, 'service_healthy']));
    for (const name of [...cockroach, 'nats', 'zipkin']) assert.deepEqual(conditions(name), {});
    assert.deepEqual(conditions('cockroach-init'), started);
    assert.deepEqual(conditions('bootstrapper'), {
      ...healthy,
      'cockroach-init': 'service_completed_successfully',
      nats: 'service_healthy',
    });
    for (const { name } of services) {
      assert.deepEqual(
        conditions(name),
        { bootstrapper: 'service_completed_successfully' },
        `${name} waits for the bootstrapper, and not for Zipkin`,
      );
    }
  });

  it('restarts what should run for ever, and nothing that runs once', () => {
    const once = ['bootstrapper', 'cockroach-init'];
    for (const [name, { restart }] of Object.entries(composed.services)) {
      assert.equal(restart, once.includes(name) ? 'no' : 'unless-stopped', name);
    }
  });

  it('gives a service more time to stop than the service takes for itself', async () => {
    for (const { name } of services) {
      const { shutdownTimeoutMs } = (await configOf(name))(environment(name));
      const [, minutes = '0', seconds = '0'] =
        /^(?:(\d+)m)?(\d+)s$/.exec(service(name).stop_grace_period ?? '') ?? [];
      const graceMs = (Number(minutes) * 60 + Number(seconds)) * 1_000;
      assert.ok(graceMs > Number(shutdownTimeoutMs), `${name}: ${graceMs} ms`);
    }
  });

  it('pins every image that is not built here, and bounds every container’s memory', () => {
    for (const [name, { image, mem_limit }] of Object.entries(composed.services)) {
      if (image !== 'orders') assert.match(image, /:v?\d+\.\d+\.\d+(-[a-z]+)?$/, name);
      assert.ok(Number(mem_limit) > 0, `${name} has no mem_limit`);
    }
  });

  it('the image has the Node that package.json asks for, and is not root', async () => {
    const dockerfile = await readFile(join(root, 'Dockerfile'), 'utf8');
    const lock = JSON.parse(await readFile(join(root, 'package-lock.json'), 'utf8'));
    const { version } = lock.packages['node_modules/node'];
    assert.ok(dockerfile.includes(`FROM node:${version}-`), `not node:${version}`);
    assert.match(dockerfile, /^USER node$/m);
  });
});
