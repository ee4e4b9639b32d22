/** A cluster of an earlier release trusted everybody: the next start closes it and keeps its data. */
import assert from 'node:assert/strict';
import { join, resolve } from 'node:path';
import postgres from 'postgres';
import { BOOTSTRAPPER } from '../../shared/contracts/rights/sql.ts';
import { silentLogger } from '../../shared/kit/logger.ts';
import { sqlState } from '../../shared/kit/sql/database-errors.ts';
import { migrate } from '../../shared/kit/sql/migrations.ts';
import { openSql } from '../../shared/kit/sql/sql-access.ts';
import { type Postgres, startPostgres } from '../postgres.ts';
import { startStack } from '../stack.ts';
import { testFolder } from '../testing.ts';
import { loginAs } from './sql-logins.ts';

const services = resolve(import.meta.dirname, '../../services');

describe('a cluster that trusted everybody', function suite() {
  this.timeout(60_000);
  let folder: string;
  let dataDir: string;
  let server: Postgres | undefined;
  beforeEach(async () => {
    folder = await testFolder();
    dataDir = join(folder, 'postgres');
  });
  afterEach(() => server?.stop());

  async function ask(user: string, password: string, text: string) {
    const url = `postgres://${user}@127.0.0.1:${server?.port}/kept`;
    const sql = postgres(url, { max: 1, password, onnotice: () => undefined });
    try {
      return [...(await sql.unsafe(text))] as unknown;
    } catch (error) {
      return sqlState(error);
    } finally {
      await sql.end({ timeout: 5 });
    }
  }

  const start = async (password?: string) => {
    const owner = password === undefined ? undefined : { name: 'owner', password };
    server = await startPostgres({ dataDir, durable: false, owner });
  };

  it('is closed with its data, and its owner may change the schema', async () => {
    await start();
    const sql = postgres(server?.url('postgres') ?? '', { max: 1, onnotice: () => undefined });
    await sql`create database kept`;
    await sql.end();
    await ask('orders', '', 'create table one (n int8); insert into one values (1)');
    await server?.stop();

    await start('first');
    assert.equal(await ask('orders', '', 'select 1'), '28000');
    assert.equal(await ask('owner', '', 'select 1'), '28P01');
    assert.deepEqual(await ask('owner', 'first', 'select n from one'), [{ n: '1' }]);
    assert.deepEqual(await ask('owner', 'first', 'alter table one add column m int8'), []);
    await server?.stop();

    // As when somebody has deleted the credentials.
    await start('second');
    assert.equal(await ask('owner', 'first', 'select 1'), '28P01');
    assert.deepEqual(await ask('owner', 'second', 'select n from one'), [{ n: '1' }]);
  });

  it('is closed although its server was killed', async () => {
    await start();
    server?.process.kill('SIGKILL');
    await server?.process.exited;
    await start('first');
    assert.equal(await ask('orders', '', 'select 1'), '28000');
  });

  it('of an earlier release serves the stack of this one', async () => {
    await start();
    for (const [service, database] of [
      ['eventstoresvc', 'eventstoredb'],
      ['querymodelworker', 'ordersdb'],
      ['paymentworker', 'paymentsdb'],
      ['sagacoordinator', 'sagadb'],
    ] as const) {
      const migrations = join(services, service, 'migrations');
      await migrate({
        url: server?.url(database) ?? '',
        folder: migrations,
        logger: silentLogger,
      });
    }
    const before = postgres(server?.url('eventstoredb') ?? '', { max: 1 });
    await before`
      insert into events (stream, position, event_id, event_type, aggregate_type, aggregate_id,
                          version, event_data, metadata)
      values ('OTHER', 1, 'e-1', 't', 'a', '1', 1, '{}', '{}')`;
    await before.end();
    await server?.stop();
    server = undefined;

    const options = { zipkin: false, durable: false, services: [] };
    const stack = await startStack({ dataDir: folder, ...options });
    try {
      for (const [role, table] of [
        ['eventstoresvc', 'events'],
        [BOOTSTRAPPER, 'events'],
      ] as const) {
        const sql = openSql(loginAs(stack.addresses.EVENTSTORE_DATABASE_URL, role), { max: 1 });
        const rows = await sql`select event_id from ${sql(table)}`;
        await sql.end();
        assert.deepEqual([...rows], [{ event_id: 'e-1' }]);
      }
    } finally {
      await stack.stop();
    }
  });
});
