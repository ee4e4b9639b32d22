/** The server of `make start`: who logs in, and what each role may do with each table. */
import assert from 'node:assert/strict';
import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { chmod, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import postgres from 'postgres';
import {
  BOOTSTRAPPER,
  type DatabaseRights,
  OPERATOR,
  rolesOf,
  type SqlPrivilege,
  sqlRights,
} from '../shared/contracts/rights/sql.ts';
import { sqlState } from '../shared/kit/sql/database-errors.ts';
import { openSql } from '../shared/kit/sql/sql-access.ts';
import { natsLoginAs } from './credentials/nats-logins.ts';
import { loginAs } from './credentials/sql-logins.ts';
import { faultyWire } from './faulty-wire.ts';
import { type Stack, startStack } from './stack.ts';
import { testFolder } from './testing.ts';

const variables = {
  events: 'EVENTSTORE_DATABASE_URL',
  orders: 'ORDERS_DATABASE_URL',
  payments: 'PAYMENTS_DATABASE_URL',
  saga: 'SAGA_DATABASE_URL',
  personal: 'PERSONAL_DATABASE_URL',
} as const;
type Key = keyof typeof variables;
const databases: readonly (readonly [Key, DatabaseRights])[] = (
  Object.keys(variables) as Key[]
).map((key) => [key, sqlRights[key]]);
const roles = rolesOf(...databases.map(([, rights]) => rights));

const DENIED = '42501';
const privileges = ['select', 'insert', 'update', 'delete', 'truncate'] as const;

/** Needs this right alone, and is taken back. */
const trial = (privilege: (typeof privileges)[number], table: string, column: string): string =>
  ({
    select: `select 1 from ${table} limit 0`,
    insert: `insert into ${table} default values`,
    update: `update ${table} set ${column} = null where false`,
    delete: `delete from ${table} where false`,
    truncate: `truncate ${table}`,
  })[privilege];

describe('rights in the databases of the stack', function suite() {
  this.timeout(60_000);
  let stack: Stack;
  before(async () => {
    const own = { PERSONAL_DATA: 'sealed' };
    const options = { zipkin: false, durable: false, services: [], own };
    stack = await startStack({ dataDir: await testFolder(), ...options });
  });
  after(() => stack?.stop());

  async function as<T>(
    role: string,
    key: Key,
    work: (sql: postgres.Sql) => Promise<T>,
  ): Promise<T> {
    const url = loginAs(stack.addresses[variables[key]], role);
    const sql = openSql(url, { max: 1, onnotice: () => undefined });
    try {
      return await work(sql);
    } finally {
      await sql.end({ timeout: 5 });
    }
  }

  /** SQLSTATE of the refusal, or nothing. */
  const refusal = async (work: Promise<unknown>): Promise<string | undefined> =>
    work.then(
      () => undefined,
      (error) => sqlState(error) ?? String(error),
    );

  for (const [key, rights] of databases) {
    it(`${key}: every table has its rule, and every rule its table`, async () => {
      const tables = await as(
        BOOTSTRAPPER,
        key,
        (sql) =>
          sql<{ name: string }[]>`
            select tablename as name from pg_tables where schemaname = 'public' order by 1`,
      );
      const names = tables.map(({ name }) => name);
      assert.deepEqual(
        names,
        Object.keys(rights).sort(),
        'add the table to shared/contracts/rights/sql.ts',
      );
    });

    for (const role of roles) {
      it(`${key}: ${role} may do what its rule says, and nothing else`, async () => {
        if (!rolesOf(rights).includes(role)) {
          assert.equal(await refusal(as(role, key, (sql) => sql`select 1`)), DENIED);
          return;
        }
        const columns = await as(
          BOOTSTRAPPER,
          key,
          (sql) => sql<{ name: string; column: string }[]>`
            select table_name as name, min(column_name) as column
            from information_schema.columns where table_schema = 'public' group by 1`,
        );
        const may: string[] = [];
        await as(role, key, async (sql) => {
          for (const { name, column } of columns) {
            for (const privilege of privileges) {
              const tried = sql.begin(async (tx) => {
                await tx.unsafe(trial(privilege, name, column));
                throw new Error('taken back');
              });
              if ((await refusal(tried)) !== DENIED) may.push(`${privilege} ${name}`);
            }
          }
        });
        const should = Object.entries(rights).flatMap(([name, table]) =>
          (table[role] ?? []).map((privilege: SqlPrivilege) => `${privilege} ${name}`),
        );
        assert.deepEqual(may.sort(), should.sort());
      });
    }

    it(`${key}: nobody else has any right`, async () => {
      const rows = await as(
        BOOTSTRAPPER,
        key,
        (sql) => sql<{ role: string }[]>`
          select distinct grantee as role from information_schema.role_table_grants
          where table_schema = 'public'`,
      );
      const allowed = [BOOTSTRAPPER, ...rolesOf(rights)];
      const others = rows.filter(({ role }) => !allowed.includes(role));
      assert.deepEqual([...others], []);
    });
  }

  it('no role changes or removes an event', () => {
    for (const [role, rights] of Object.entries(sqlRights.events.events)) {
      assert.deepEqual(
        rights.filter((right) => right !== 'select' && right !== 'insert'),
        [],
        role,
      );
    }
  });

  for (const role of [BOOTSTRAPPER, ...roles]) {
    it(`${role} runs no program, reads no file, and makes no superuser`, async () => {
      const [[key] = ['events' as const]] = databases.filter(([, rights]) =>
        rolesOf(rights).includes(role),
      );
      for (const attack of [
        "copy (select 1) to program 'true'",
        "create temporary table t (x text); copy t from program 'id'",
        "create temporary table t (x text); copy t from '/etc/passwd'",
        "select pg_read_file('/etc/passwd')",
        'alter role orders with password null',
        'create role other superuser',
        "alter system set log_statement = 'all'",
        'set role orders',
        'set session authorization orders',
      ]) {
        const outcome = await refusal(as(role, key, (sql) => sql.unsafe(attack)));
        assert.equal(outcome, DENIED, `${attack}: ${outcome}`);
      }
    });
  }

  it('only the bootstrapper and the operator make tables, the operator those of the read model', async () => {
    for (const [key, rights] of databases) {
      for (const role of rolesOf(rights)) {
        const made = as(role, key, (sql) => sql`create table made (n int8)`);
        const allowed = key === 'orders' && role === OPERATOR;
        assert.equal(await refusal(made), allowed ? undefined : DENIED, `${role} in ${key}`);
      }
    }
    // What it makes is read by those who read the others.
    const read = (role: string) => as(role, 'orders', (sql) => sql`select n from made`);
    assert.deepEqual([...(await read('ordersvc'))], []);
    await as(BOOTSTRAPPER, 'orders', (sql) => sql`drop table made`);
  });

  it('without the password nobody logs in, and the superuser not at all', async () => {
    const { host } = new URL(stack.addresses.EVENTSTORE_DATABASE_URL);
    for (const user of ['orders', 'postgres', BOOTSTRAPPER, ...roles]) {
      for (const password of [undefined, '', 'orders', 'wrong']) {
        const options = { max: 1, ...(password !== undefined && { password }) };
        const sql = postgres(`postgres://${user}@${host}/postgres`, options);
        const outcome = await refusal(sql`select 1`).finally(() => sql.end({ timeout: 5 }));
        assert.match(outcome ?? 'let in', /^28(000|P01)$/, `${user} with ${password}`);
      }
    }
  });

  it('a bootstrap ends well though the database of the log is the last one made', async () => {
    const { addresses } = stack;
    const asBootstrapper = (url: string) => loginAs(url, BOOTSTRAPPER);
    // The server is there for the others, but not yet for the log.
    const events = new URL(asBootstrapper(addresses.EVENTSTORE_DATABASE_URL));
    const wire = await faultyWire({ target: { port: Number(events.port) } });
    wire.refuse();
    Object.assign(events, { port: wire.port, pathname: '/latedb' });
    const urls = Object.values(variables).map((name) => [name, asBootstrapper(addresses[name])]);
    const bootstrapper = spawn(process.execPath, ['services/bootstrapper/main.ts'], {
      cwd: join(import.meta.dirname, '..'),
      env: {
        ...Object.fromEntries(urls),
        EVENTSTORE_DATABASE_URL: events.href,
        NATS_URL: natsLoginAs(addresses.NATS_URL, BOOTSTRAPPER),
        SQL_PASSFILES: join(stack.credentialsDir, 'sql'),
        LOG_LEVEL: 'info',
      },
    });
    let said = '';
    const exit = once(bootstrapper, 'exit');
    for (const output of [bootstrapper.stdout, bootstrapper.stderr]) {
      output.on('data', (chunk) => {
        said += chunk;
        // The others have used the roles by then.
        if (/schema of personaldb is there/.test(said)) void wire.admit();
      });
    }
    const [code] = await exit;
    await wire.stop();
    assert.equal(code, 0, said);
    assert.match(said, /schema of latedb is there/);
    await as(BOOTSTRAPPER, 'saga', (sql) => sql`drop database latedb`);
  });

  it('another user of this machine runs no program by the database', async function other() {
    if (process.getuid?.() !== 0) {
      console.log('      skipped: only root can be another user');
      this.skip();
    }
    const nobody = 65_534;
    const folder = await mkdtemp(join(tmpdir(), 'nobody-'));
    const proof = join(folder, 'proof');
    try {
      await chmod(folder, 0o777);
      const client = import.meta.resolve('postgres');
      const { host } = new URL(stack.addresses.EVENTSTORE_DATABASE_URL);
      const passfile = new URL(stack.addresses.EVENTSTORE_DATABASE_URL).searchParams.get(
        'passfile',
      );
      const program = `
        import { readFileSync } from 'node:fs';
        const { default: postgres } = await import(${JSON.stringify(client)});
        let passfile = 'refused';
        try { passfile = readFileSync(${JSON.stringify(passfile)}, 'utf8'); } catch {}
        const said = [];
        for (const user of ${JSON.stringify(['orders', 'postgres', BOOTSTRAPPER, ...roles])}) {
          const sql = postgres('postgres://' + user + '@${host}/eventstoredb', { max: 1 });
          said.push(await sql.unsafe("copy (select 1) to program 'touch ${proof}'").then(
            () => 'done', (error) => error.code));
          await sql.end({ timeout: 1 });
        }
        console.log(JSON.stringify({ passfile, said }));`;
      const args = ['--input-type=module', '-e', program];
      const options = { uid: nobody, gid: nobody, cwd: '/', env: {} };
      const { stdout } = await promisify(execFile)(process.execPath, args, options);
      const { passfile: read, said } = JSON.parse(stdout) as { passfile: string; said: string[] };
      assert.equal(read, 'refused');
      for (const code of said) assert.match(code, /^28(000|P01)$/);
      assert.equal(existsSync(proof), false);
    } finally {
      await rm(folder, { recursive: true });
    }
  });
});
