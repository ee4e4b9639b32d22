import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { chmod, mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import postgres from 'postgres';
import { freePort, portInUse } from './ports.ts';
import { type Postgres, startPostgres } from './postgres.ts';
import { SetupProblem } from './problem.ts';
import { testFolder, testPostgres } from './testing.ts';

describe('startPostgres', () => {
  let folder: string;
  let dataDir: string;
  let port: number;
  let server: Postgres;

  before(async () => {
    folder = await testFolder();
    dataDir = join(folder, 'postgres');
    port = await freePort();
    server = await startPostgres({ dataDir, port });
    await query('create table kept(n int8)');
    await query('insert into kept values (1)');
  });

  after(() => server.stop());

  async function query(text: string): Promise<postgres.RowList<postgres.Row[]>> {
    const sql = postgres(server.url('postgres'), { max: 1, onnotice: () => {} });
    try {
      return await sql.unsafe(text);
    } finally {
      await sql.end({ timeout: 5 });
    }
  }

  it('is PostgreSQL 18, sorts by bytes, speaks UTF-8 and is durable', async () => {
    const [row] = await query(`
      select current_setting('server_version_num')::int4 / 10000 as major,
             (select datcollate from pg_database where datname = 'postgres') as locale,
             current_setting('server_encoding') as encoding,
             current_setting('fsync') as fsync,
             current_setting('synchronous_commit') as synchronous_commit`);
    assert.deepEqual(row, {
      major: 18,
      locale: 'C',
      encoding: 'UTF8',
      fsync: 'on',
      synchronous_commit: 'on',
    });
  });

  it('listens on loopback only', async () => {
    const [row] = await query('show listen_addresses');
    assert.equal(row?.listen_addresses, '127.0.0.1');
  });

  it('keeps its data over a stop and a start', async () => {
    await server.stop();
    server = await startPostgres({ dataDir, port });
    assert.equal((await query('select n from kept')).count, 1);
  });

  it('stops at once though a client is connected', async () => {
    const sql = postgres(server.url('postgres'), { max: 1, onnotice: () => {} });
    await sql`select 1`;
    await server.stop();
    assert.equal(server.process.running, false);
    await sql.end({ timeout: 1 });
    server = await startPostgres({ dataDir, port });
  });

  it('a second stop is harmless, and the port is free after it', async () => {
    await server.stop();
    await server.stop();
    assert.equal(await portInUse(port), false);
    server = await startPostgres({ dataDir, port });
  });

  it('starts again at once after a SIGKILL, with its data', async () => {
    server.process.kill('SIGKILL');
    await server.process.exited;
    server = await startPostgres({ dataDir, port });
    assert.equal((await query('select n from kept')).count, 1);
  });

  it('says which folder another server holds', async () => {
    await assert.rejects(startPostgres({ dataDir, port: await freePort() }), (error) => {
      assert.ok(error instanceof SetupProblem);
      assert.match(error.message, /another PostgreSQL holds the folder/);
      assert.ok(error.message.includes(dataDir));
      return true;
    });
  });

  it('names the folder that its user may not enter, and the remedy', async function skipUnlessRoot() {
    if (process.getuid?.() !== 0) this.skip();
    const closed = join(folder, 'closed');
    await mkdir(closed);
    await chmod(closed, 0o700);
    await assert.rejects(startPostgres({ dataDir: join(closed, 'postgres') }), (error) => {
      assert.ok(error instanceof SetupProblem);
      assert.ok(error.message.includes(closed));
      assert.match(error.remedy, /STACK_DATA_DIR=\/var\/tmp/);
      return true;
    });
  });
});

describe('testPostgres', () => {
  it('gives each suite an empty database of its own', async () => {
    const { createDatabase } = await testPostgres();
    const [one, two] = await Promise.all([createDatabase(), createDatabase()]);
    assert.notEqual(one, two);
    for (const url of [one, two]) {
      const sql = postgres(url, { max: 1 });
      await sql`create table mine(n int8)`;
      await sql.end({ timeout: 5 });
    }
  });

  it('starts one server for the whole run', async () => {
    assert.equal(await testPostgres(), await testPostgres());
  });
});

describe('a process that ends without stopping its PostgreSQL', () => {
  it('leaves none behind', async () => {
    const folder = await testFolder();
    const port = await freePort();
    const script = `
      const { startPostgres } = await import(${JSON.stringify(join(import.meta.dirname, 'postgres.ts'))});
      await startPostgres({ dataDir: ${JSON.stringify(join(folder, 'postgres'))}, port: ${port}, durable: false });
      process.exit(0);`;
    execFileSync(process.execPath, ['--input-type=module', '-e', script]);
    assert.equal(await portInUse(port), false);
  });
});
