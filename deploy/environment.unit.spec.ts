import assert from 'node:assert/strict';
import { existsSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { isSecret, requiredInStrictOr } from '../shared/kit/process/setting.ts';
import { bootstrapper, databases, services } from '../stack/services.ts';
import { settingsOf } from './environment.ts';
import { CREDENTIALS } from './names.ts';
import {
  defaults,
  everything,
  madeCredentials,
  podsIn,
  type RenderedPod,
  render,
} from './testing/rendered.ts';

const rows = [bootstrapper, ...services];

describe('what a pod is told', () => {
  let pods: readonly Map<string, RenderedPod>[];
  let folder: string;
  before(async () => {
    pods = [podsIn(await render(defaults)), podsIn(await render(everything))];
    folder = await madeCredentials();
  });
  after(() => rmSync(folder, { recursive: true }));

  /** The environment of a service, with its credentials where they are here. */
  const told = (of: Map<string, RenderedPod>, name: string): Record<string, string> =>
    Object.fromEntries(
      Object.entries(of.get(name)?.environment ?? {}).map(([key, value]) => [
        key,
        value.replaceAll(CREDENTIALS, join(folder, name)),
      ]),
    );

  it('is what its service reads, and nothing else', async () => {
    for (const of of pods) {
      for (const { name } of rows) {
        const read = await settingsOf(name);
        for (const key of Object.keys(of.get(name)?.environment ?? {})) {
          assert.ok(key in read || key.replace(/_FILE$/, '') in read, `${name}: ${key}`);
        }
      }
    }
  });

  it('is all that it needs, in words that it accepts', async () => {
    const [plain = new Map<string, RenderedPod>()] = pods;
    for (const { name, needs } of rows) {
      const environment = told(plain, name);
      const { readConfig } = await import(`../services/${name}/config.ts`);
      readConfig(environment);
      for (const need of needs) assert.ok(environment[need], `${name} is not told ${need}`);
    }
  });

  it('has standbys behind each database, of which no commit that waits may be cancelled', () => {
    for (const of of pods) {
      for (const [name, { environment }] of of) {
        for (const variable of Object.keys(databases).filter((one) => environment[one])) {
          const url = environment[variable] ?? '';
          assert.match(url, /[?&]target_session_attrs=read-write&/, `${name}: ${variable}`);
        }
      }
    }
  });

  it('makes it strict, with all that a strict service must have', async () => {
    for (const of of pods) {
      for (const { name, adminPort } of services) {
        const environment = of.get(name)?.environment ?? {};
        assert.equal(environment.BIND_ADDRESS, '0.0.0.0', name);
        assert.equal(environment.ADMIN_PORT, String(adminPort), name);
        for (const refused of ['ALLOW_INSECURE', 'ADMIN_ADDRESS']) {
          assert.equal(environment[refused], undefined, `${name}: ${refused}`);
        }
        for (const [key, schema] of Object.entries(await settingsOf(name))) {
          const or = requiredInStrictOr(schema as never);
          if (or === undefined) continue;
          const given = [key, ...or].some((one) => environment[one] ?? environment[`${one}_FILE`]);
          assert.ok(given, `${name} is not told ${key}`);
        }
      }
    }
  });

  it('holds no secret: each lies in a file', async () => {
    for (const of of pods) {
      for (const [name, { environment, container }] of of) {
        assert.equal(container.envFrom, undefined, name);
        const inText = (container.env ?? []).filter(({ valueFrom }) => valueFrom !== undefined);
        assert.deepEqual(inText, [], name);
        for (const [key, value] of Object.entries(environment)) {
          const isFile = /_FILES?$/.test(key) || value.startsWith('/run/');
          const secret = /PASS|SECRET|TOKEN|CREDENTIAL|KEY|SEED|HEADERS/.test(key);
          assert.ok(!secret || isFile, `${name}: ${key} may be a secret`);
          assert.equal(URL.parse(value)?.password ?? '', '', `${name}: ${key}`);
        }
      }
      for (const { name } of rows) {
        for (const [key, schema] of Object.entries(await settingsOf(name))) {
          if (isSecret(schema as never)) {
            assert.equal(key in (of.get(name)?.environment ?? {}), false, `${name}: ${key}`);
          }
        }
      }
    }
  });

  it('names only files that it has', () => {
    const [plain = new Map<string, RenderedPod>()] = pods;
    let named = 0;
    for (const [name, { environment, container }] of plain) {
      const program = name === 'audit' ? 'operator' : name;
      for (const value of Object.values(environment)) {
        for (const [path] of value.matchAll(/[/]run[/][\w./-]+/g)) {
          const mounted = container.volumeMounts?.some(({ mountPath }) =>
            path === CREDENTIALS ? true : `${path}/`.startsWith(`${mountPath}/`),
          );
          assert.ok(mounted, `${name} does not see ${path}`);
          const here = path.replace(CREDENTIALS, join(folder, program));
          if (here !== path) assert.ok(existsSync(here), `${name} has no ${path}`);
          named += 1;
        }
      }
    }
    assert.ok(named > 30, `${named} files are named`);
  });

  it('leads to the database by a role of its own, and by TLS that is checked', () => {
    for (const of of pods) {
      for (const { name, needs } of rows) {
        for (const need of needs.filter((one) => one in databases)) {
          const url = new URL(of.get(name)?.environment[need] ?? '');
          assert.equal(url.username, name);
          assert.equal(url.host, 'orders-sql-rw:5432');
          assert.equal(url.pathname, `/${databases[need as keyof typeof databases]}`);
          assert.equal(url.searchParams.get('sslmode'), 'verify-full');
        }
        if (!needs.includes('NATS_URL')) continue;
        const { protocol, username } = new URL(of.get(name)?.environment.NATS_URL ?? '');
        assert.deepEqual([protocol, username], ['tls:', name]);
      }
    }
  });

  it('may be more, if a service reads it and it is no secret', async () => {
    const set = (settings: Record<string, string>) => render({ ...defaults, settings });
    const of = podsIn(await set({ PAYMENT_DEADLINE_MS: '30000' }));
    for (const name of ['ordersvc', 'sagacoordinator', 'console']) {
      assert.equal(of.get(name)?.environment.PAYMENT_DEADLINE_MS, '30000', name);
    }
    assert.equal(of.get('reviewworker')?.environment.PAYMENT_DEADLINE_MS, undefined);
    await assert.rejects(set({ PAYMENT_DEADLIN_MS: '1' }), /no service reads/);
    await assert.rejects(set({ STRIPE_SECRET_KEY: 'sk_test' }), /is a secret/);
  });
});
