import assert from 'node:assert/strict';
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { eventually } from '../shared/testing/eventually.ts';
import { freePorts } from '../stack/ports.ts';

const main = join(import.meta.dirname, 'together.ts');
const workers = ['paymentworker', 'reviewworker', 'querymodelworker', 'sagacoordinator'];

/** Nobody listens where these services look for servers: they start all the same, and are not ready. */
async function environment() {
  const [nobody = 0, ...admin] = await freePorts(1 + workers.length);
  const sql = `postgres://orders@127.0.0.1:${nobody}/x`;
  return {
    admin,
    env: {
      ...process.env,
      OTEL_TRACES_EXPORTER: 'none',
      NATS_URL: `nats://127.0.0.1:${nobody}`,
      EVENTSTORE_ADDRESS: `127.0.0.1:${nobody}`,
      PAYMENTS_DATABASE_URL: sql,
      ORDERS_DATABASE_URL: sql,
      SAGA_DATABASE_URL: sql,
      ...Object.fromEntries(
        workers.map((name, n) => [`${name.toUpperCase()}_ADMIN_PORT`, String(admin[n])]),
      ),
    },
  };
}

describe('services in one process', function suite() {
  this.timeout(60_000);
  let child: ChildProcess | undefined;
  afterEach(() => child?.kill('SIGKILL'));

  /** Starts them and resolves when each answers, with what they wrote. */
  async function start() {
    const { admin, env } = await environment();
    const own = spawn(process.execPath, [main, ...workers], { env });
    child = own;
    const exited = once(own, 'exit');
    let written = '';
    own.stdout.on('data', (text) => {
      written += text;
    });
    const answer = async (n: number, path: string) =>
      (await fetch(`http://127.0.0.1:${admin[n]}${path}`)).text();
    for (const [n, name] of workers.entries()) {
      await eventually(name, () => answer(n, '/healthz').then(Boolean, () => false), 40_000);
    }
    return { own, exited, answer, lines: () => written };
  }

  it('each answers on its own port, under its own name, with its own reasons', async () => {
    const { own, exited, answer, lines } = await start();
    for (const [n, name] of workers.entries()) {
      assert.match(await answer(n, '/metrics'), new RegExp(`service_name="${name}"`));
      assert.match(await answer(n, '/readyz'), /not ready/);
    }
    own.kill('SIGTERM');
    assert.deepEqual(await exited, [0, null], 'one signal stops all in order');
    const names = lines()
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line).service);
    for (const name of workers) assert.ok(names.includes(name), `a line of ${name}`);
  });

  it('an unhandled error ends them all, so that all are started again', async () => {
    const { env } = await environment();
    const crash = `setTimeout(() => { throw new Error('a bug in one'); }, 100)`;
    const preload = `data:text/javascript,${encodeURIComponent(crash)}`;
    const { status, stdout } = spawnSync(
      process.execPath,
      ['--import', preload, main, ...workers],
      { env, encoding: 'utf8', timeout: 40_000 },
    );
    assert.equal(status, 1);
    assert.match(stdout, /unhandled error|a bug in one/);
  });

  const refused = (names: readonly string[], env: NodeJS.ProcessEnv = {}) => {
    const run = spawnSync(process.execPath, [main, ...names], {
      env: { ...process.env, ...env },
      encoding: 'utf8',
      timeout: 40_000,
    });
    assert.equal(run.status, 1);
    return run.stderr;
  };

  it('says at once what is wrong in the settings of any, and whose it is', () => {
    const said = refused(workers, {
      ADMIN_PORT: '9000',
      NATS_URL: 'nowhere',
      REVIEWWORKER_LOG_LEVEL: 'loud',
    });
    assert.match(said, /^The configuration is not valid:\n/);
    assert.match(said, /ADMIN_PORT is one for 4 services: set PAYMENTWORKER_ADMIN_PORT, /);
    assert.match(said, /paymentworker: NATS_URL is "nowhere"/);
    assert.match(said, /reviewworker: LOG_LEVEL is "loud"/);
  });

  it('refuses what is no service, or named twice', () => {
    assert.match(refused([]), /^Name the services to run/);
    assert.match(refused(['reviewworker', 'bootstrapper', '..']), /bootstrapper \.\.$/m);
    assert.match(refused(['reviewworker', 'reviewworker']), /named twice: reviewworker/);
  });
});
