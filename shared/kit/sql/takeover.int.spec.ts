/** A database of two servers: the one that takes writes is found, before and after the other takes over. */
import assert from 'node:assert/strict';
import { mkdir, writeFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:net';
import { join } from 'node:path';
import {
  type PostgresPair,
  startPostgresPair,
} from '../../../stack/testing/failover/postgres-pair.ts';
import { testFolder } from '../../../stack/testing.ts';
import { eventually } from '../../testing/eventually.ts';
import { recordingMeter } from '../../testing/recording.ts';
import { background } from '../context.ts';
import type { CodedError } from '../errors.ts';
import { silentLogger } from '../logger.ts';
import { createDatabase, type Database } from './database.ts';
import { migrate } from './migrations.ts';
import { openSql } from './sql-access.ts';

const ctx = background();
const QUERY_MS = 3_000;
const TAKEN_OVER_MS = 20_000;

describe('a database with a standby', function suite() {
  this.timeout(120_000);
  let pair: PostgresPair;
  let databases: Database[];
  /** Why connections were replaced. */
  let replaced: unknown[];

  const { meter } = recordingMeter(({ instrument, attributes }) => {
    if (instrument === 'db_client_connection_replaced_total') replaced.push(attributes.reason);
  });

  beforeEach(() => {
    databases = [];
    replaced = [];
  });
  afterEach(async () => {
    await Promise.all(databases.map((database) => database.stop()));
    await pair?.stop();
  });

  async function start(synchronous = false): Promise<void> {
    pair = await startPostgresPair(synchronous);
    await inFirst((sql) => sql`create table notes (id int8 primary key)`);
  }

  function open(url = pair.url('postgres'), poolSize = 3): Database {
    const options = { name: 'takeover', poolSize, queryTimeoutMs: QUERY_MS, logger: silentLogger };
    const database = createDatabase({ url, ...options, meter });
    databases.push(database);
    return database;
  }

  async function at<T>(url: string, work: (sql: ReturnType<typeof openSql>) => Promise<T>) {
    const sql = openSql(url, { max: 1, onnotice: () => {} });
    try {
      return await work(sql);
    } finally {
      await sql.end({ timeout: 1 });
    }
  }
  const inFirst = <T>(work: (sql: ReturnType<typeof openSql>) => Promise<T>) =>
    at(pair.first.url('postgres'), work);

  const note = (database: Database, id: number) =>
    database.query(ctx, (sql) => sql`insert into notes (id) values (${id}::int8) returning id`);
  const noteSoon = (database: Database, id: number) =>
    eventually(
      `note ${id} is taken`,
      () =>
        note(database, id).then(
          () => true,
          () => false,
        ),
      TAKEN_OVER_MS,
    );
  const notesAt = (url: string) =>
    at(url, async (sql) => (await sql`select id::int from notes order by id`).map(({ id }) => id));

  it('is asked at the server that takes writes, though the other is named first', async () => {
    await start();
    const database = open();
    await Promise.all([1, 2, 3, 4, 5, 6].map((id) => note(database, id)));
    assert.deepEqual(replaced, [], 'no statement reached the standby');
    await at(pair.url('postgres'), (sql) => sql`insert into notes (id) values (7)`);
    assert.equal((await notesAt(pair.first.url('postgres'))).length, 7);
  });

  it('is migrated where it takes writes', async () => {
    await start();
    const folder = join(await testFolder(), 'migrations');
    await mkdir(folder);
    await writeFile(join(folder, '001.do.rooms.sql'), 'create table if not exists rooms (id int8)');
    await migrate({ url: pair.url('hotel'), folder, logger: silentLogger });
    const found = await at(pair.first.url('hotel'), (sql) => sql`select count(*) from rooms`);
    assert.equal(found.length, 1);
  });

  it('goes on at the standby that took over when the server is killed', async () => {
    await start();
    const database = open();
    await note(database, 1);
    pair.first.signal('SIGKILL');
    await pair.promote();
    await noteSoon(database, 2);
    assert.deepEqual(await notesAt(pair.second.url('postgres')), [1, 2]);
  });

  it('does not go back to a frozen server that is let go again', async () => {
    await start();
    // More connections than are noticed to be silent before another takes over.
    const database = open(undefined, 6);
    const read = () => database.query<{ id: string }>(ctx, (sql) => sql`select id from notes`);
    const readByAll = () => Promise.all(Array.from({ length: 6 }, read));
    await note(database, 1);
    await readByAll();
    pair.first.signal('SIGSTOP');
    await pair.promote();
    await noteSoon(database, 4);
    pair.first.signal('SIGCONT');
    await inFirst((sql) => sql`select 1`);
    for (const rows of await readByAll()) {
      assert.ok(
        rows.some(({ id }) => Number(id) === 4),
        'no connection still reads the old one',
      );
    }
    for (let id = 5; id < 25; id++) await noteSoon(database, id);
    const at = await notesAt(pair.second.url('postgres'));
    assert.deepEqual(at.filter((id) => id >= 4).length, 21);
    const old = await notesAt(pair.first.url('postgres'));
    assert.ok(!old.some((id) => id >= 5), `the old one has ${old}`);
  });

  it('repeats a statement that a server refuses because it takes no writes any more', async () => {
    await start();
    const database = open(undefined, 1);
    await note(database, 1);
    await inFirst(async (sql) => {
      await sql.unsafe('alter system set default_transaction_read_only = on');
      await sql`select pg_reload_conf()`;
    });
    await pair.promote();
    await eventually('the server takes no writes', () =>
      inFirst(async (sql) => {
        const [row] = await sql`show default_transaction_read_only`;
        return row?.default_transaction_read_only === 'on';
      }),
    );
    // Not `soon`: who asked notices nothing.
    await note(database, 2);
    assert.deepEqual(replaced, ['read-only']);
    assert.deepEqual(await notesAt(pair.second.url('postgres')), [1, 2]);
  });

  it('never has a commit that waits for the standby cancelled, for it would count without it', async () => {
    await start(true);
    const database = open(undefined, 1);
    await note(database, 1);
    pair.second.signal('SIGSTOP');
    const error = await note(database, 2).catch((error) => error);
    assert.equal((error as CodedError).kind, 'timeout');
    // A cancelled one would be there at once; this proves that another statement is through.
    await inFirst((sql) => sql`select pg_sleep(0.5)`);
    assert.deepEqual(await notesAt(pair.first.url('postgres')), [1]);
    pair.second.signal('SIGCONT');
    await eventually('it is there once the standby has it', async () => {
      return (await notesAt(pair.first.url('postgres'))).includes(2);
    });
  });
});

describe('a database whose hosts all take no writes', () => {
  const servers: Server[] = [];
  let asked = 0;
  after(() => servers.map((server) => server.close()));

  it('is looked for without haste, and the statement is refused in time', async () => {
    for (let n = 0; n < 2; n++) {
      const server = createServer((socket) => {
        asked++;
        socket.on('error', () => {}).end();
      });
      await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
      servers.push(server);
    }
    const hosts = servers.map((one) => `127.0.0.1:${(one.address() as { port: number }).port}`);
    const database = createDatabase({
      url: `postgres://ada@${hosts}/db?target_session_attrs=read-write`,
      name: 'nowhere',
      poolSize: 1,
      queryTimeoutMs: 1_500,
      logger: silentLogger,
    });
    const error = await database.query(ctx, (sql) => sql`select 1 as one`).catch((error) => error);
    await database.stop();
    assert.match((error as CodedError).kind, /^(timeout|unavailable)$/);
    assert.ok(asked >= 2 && asked < 60, `they were asked ${asked} times`);
  });

  it('is asked again behind one address, too, while the server there is starting or stopping', async () => {
    let logins = 0;
    const fatal = Buffer.from('SFATAL\0VFATAL\0C57P03\0Mthe database system is starting up\0\0');
    const refusal = Buffer.alloc(5 + fatal.length, 'E');
    refusal.writeInt32BE(4 + fatal.length, 1);
    fatal.copy(refusal, 5);
    const server = createServer((socket) => {
      socket
        .on('error', () => {})
        .once('data', () => {
          logins++;
          socket.end(refusal);
        });
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    servers.push(server);
    const { port } = server.address() as { port: number };
    const database = createDatabase({
      url: `postgres://ada@127.0.0.1:${port}/db?target_session_attrs=read-write`,
      name: 'starting',
      poolSize: 1,
      queryTimeoutMs: 1_500,
      logger: silentLogger,
    });
    const error = await database.query(ctx, (sql) => sql`select 1 as one`).catch((error) => error);
    await database.stop();
    assert.equal((error as CodedError).kind, 'unavailable');
    assert.ok(logins >= 2, `${logins} logins`);
  });
});
