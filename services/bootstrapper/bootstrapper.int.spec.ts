import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { join } from 'node:path';
import postgres from 'postgres';
import { ORDERS_STREAM } from '../../shared/contracts/subjects.ts';
import { silentLogger } from '../../shared/kit/logger.ts';
import { streamState } from '../../shared/kit/transport/jetstream/jetstream-stream.ts';
import { connectNats } from '../../shared/kit/transport/nats/nats-connection.ts';
import { freePort } from '../../stack/ports.ts';
import { type TestNats, testNats, testPostgres } from '../../stack/testing.ts';

/** Runs the bootstrapper as the process that it is. */
function bootstrap(
  environment: Record<string, string>,
): Promise<{ code: number; output: string; errors: string }> {
  return new Promise((resolve) => {
    execFile(
      process.execPath,
      [join(import.meta.dirname, 'main.ts')],
      { env: { ...environment, LOG_LEVEL: 'info' }, timeout: 60_000 },
      (error, stdout, stderr) => {
        const code = error === null ? 0 : typeof error.code === 'number' ? error.code : -1;
        resolve({ code, output: stdout, errors: stderr });
      },
    );
  });
}

describe('bootstrapper', function suite() {
  this.timeout(60_000);
  let nats: TestNats;
  let environment: Record<string, string>;
  let admin: postgres.Sql;
  const made: string[] = [];

  before(async () => {
    nats = await testNats();
    const existing = await (await testPostgres()).createDatabase();
    admin = postgres(existing, { max: 1, onnotice: () => undefined });
    const missing = (suffix: string) => {
      const url = new URL(existing);
      url.pathname += suffix;
      made.push(url.pathname.slice(1));
      return url.href;
    };
    environment = {
      NATS_URL: nats.url,
      EVENTSTORE_DATABASE_URL: existing,
      ORDERS_DATABASE_URL: missing('_orders'),
      PAYMENTS_DATABASE_URL: missing('_payments'),
      SAGA_DATABASE_URL: missing('_saga'),
    };
  });
  after(async () => {
    for (const name of made) await admin`drop database if exists ${admin(name)}`;
    await admin.end({ timeout: 5 });
    await nats.stop();
  });

  async function tables(url: string): Promise<string[]> {
    const sql = postgres(url, { max: 1, onnotice: () => undefined });
    try {
      const rows = await sql<{ name: string }[]>`
        select table_name as name from information_schema.tables
        where table_schema = 'public' order by table_name`;
      return rows.map((row) => row.name);
    } finally {
      await sql.end({ timeout: 5 });
    }
  }

  it('several at once make databases, schemas and the stream, and all succeed', async () => {
    const runs = await Promise.all([1, 2, 3].map(() => bootstrap(environment)));
    for (const { code, errors } of runs) assert.equal(code, 0, errors);
    for (const [variable, wanted] of [
      ['EVENTSTORE_DATABASE_URL', ['events', 'log_head', 'checkpoints', 'dead_letters']],
      ['ORDERS_DATABASE_URL', ['orders', 'projection_checkpoint', 'projection_failures']],
      ['PAYMENTS_DATABASE_URL', ['ledger']],
      ['SAGA_DATABASE_URL', ['deadlines']],
    ] as const) {
      const found = await tables(environment[variable] ?? '');
      for (const table of wanted) assert.ok(found.includes(table), `${table} in ${found}`);
    }
    const connection = connectNats({ url: nats.url, name: 'test', logger: silentLogger });
    const state = await streamState(await connection.connection(), ORDERS_STREAM);
    await connection.stop();
    assert.equal(state?.messages, 0n);
  });

  it('a second run finds everything there and changes nothing', async () => {
    const { code, errors, output } = await bootstrap(environment);
    assert.equal(code, 0, errors);
    assert.doesNotMatch(output, /migration applied/);
  });

  it('servers that do not answer in time are named, each in its line', async () => {
    const port = await freePort();
    const { code, errors } = await bootstrap({
      ...environment,
      ORDERS_DATABASE_URL: `postgres://orders:hidden@127.0.0.1:${port}/ordersdb`,
      NATS_URL: `nats://127.0.0.1:${port}`,
      BOOTSTRAP_TIMEOUT_MS: '1500',
    });
    assert.equal(code, 1);
    assert.match(errors, /^the schema of ordersdb: .*ECONNREFUSED/m);
    assert.match(errors, /^the stream ORDERS: .*ECONNREFUSED|^the stream ORDERS: .*REFUSED/m);
    assert.doesNotMatch(errors, /hidden|^\s+at /m);
  });

  it('every problem of the configuration is reported at once', async () => {
    const { code, errors } = await bootstrap({
      ORDERS_DATABASE_URL: 'mysql://somewhere/ordersdb',
      STREAM_REPLICAS: 'many',
    });
    assert.equal(code, 1);
    assert.match(errors, /ORDERS_DATABASE_URL/);
    assert.match(errors, /STREAM_REPLICAS/);
  });
});
