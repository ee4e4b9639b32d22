import { randomUUID } from 'node:crypto';
import { chmod, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type postgres from 'postgres';
import { changedSqlUrl, sqlUrl } from '../shared/kit/process/address/sql-url.ts';
import { openSql } from '../shared/kit/sql/sql-access.ts';
import { type Nats, startNats } from './nats.ts';
import { startPostgres } from './postgres.ts';

/** A PostgreSQL server that many suites share. */
export interface TestPostgres {
  /** Makes an empty database and returns its address. */
  readonly createDatabase: () => Promise<string>;
  /**
   * Stops the server and removes its files, unless it is the run's; called by
   * itself when the suites have run. May be called twice.
   */
  readonly stop: () => Promise<void>;
}

/** A NATS server of one suite's own, empty. */
export interface TestNats extends Nats {
  /** Stops it and removes its files; called by itself when the suites have run, too. */
  readonly stop: () => Promise<void>;
}

/** Where testing/run-postgres.ts says which PostgreSQL all processes of the run share. */
export const RUN_POSTGRES = 'ORDERS_TEST_RUN_POSTGRES';

const closers = new Set<() => Promise<void>>();
let shared: Promise<TestPostgres> | undefined;

/**
 * The PostgreSQL of the run (testing/run-postgres.ts); without one, this process's own,
 * started at the first call (three seconds, so call it in a `before` hook). Suites
 * do not meet, because each creates its own database. With TEST_DATABASE_URL set,
 * databases are made on that server instead and dropped at the end: a user of
 * CockroachDB can run the same suites.
 */
export function testPostgres(): Promise<TestPostgres> {
  shared ??= openPostgres();
  return shared;
}

async function openPostgres(): Promise<TestPostgres> {
  const { TEST_DATABASE_URL, [RUN_POSTGRES]: ofTheRun } = process.env;
  if (TEST_DATABASE_URL) return existingPostgres(TEST_DATABASE_URL);
  if (!ofTheRun) return ownPostgres();
  return { createDatabase: () => createDatabase(ofTheRun), stop: async () => undefined };
}

/** A fresh NATS server with JetStream on a free port; about a quarter of a second. */
export async function testNats(): Promise<TestNats> {
  const folder = await temporaryFolder();
  const nats = await startNats({ dataDir: folder }).catch(async (error) => {
    await removeFolder(folder);
    throw error;
  });
  return {
    ...nats,
    stop: closing(async () => {
      await nats.stop();
      await removeFolder(folder);
    }),
  };
}

/**
 * A fresh folder under the system's temporary one that every user may enter, as
 * PostgreSQL needs when the tests run as root. Removed when the suites have run.
 */
export async function testFolder(): Promise<string> {
  const folder = await temporaryFolder();
  closing(() => removeFolder(folder));
  return folder;
}

async function ownPostgres(): Promise<TestPostgres> {
  const { url, stop } = await startTestPostgres();
  return { createDatabase: () => createDatabase(url), stop: closing(stop) };
}

/** A PostgreSQL that is not durable, on a free port; the caller stops it, which removes its files. */
export async function startTestPostgres(): Promise<{ url: string; stop: () => Promise<void> }> {
  const folder = await temporaryFolder();
  const server = await startPostgres({ dataDir: join(folder, 'postgres'), durable: false }).catch(
    async (error) => {
      await removeFolder(folder);
      throw error;
    },
  );
  return {
    url: server.url('postgres'),
    stop: async () => {
      await server.stop();
      await removeFolder(folder);
    },
  };
}

async function existingPostgres(url: string): Promise<TestPostgres> {
  const made: string[] = [];
  return {
    createDatabase: async () => {
      const database = await createDatabase(url);
      made.push(sqlUrl(database).pathname.slice(1));
      return database;
    },
    stop: closing(async () => {
      await withConnection(url, async (sql) => {
        for (const name of made.splice(0)) await sql`drop database if exists ${sql(name)}`;
      });
    }),
  };
}

async function createDatabase(url: string): Promise<string> {
  const name = `test_${randomUUID().replaceAll('-', '')}`;
  await withConnection(url, (sql) => sql`create database ${sql(name)}`);
  return changedSqlUrl(url, (address) => {
    address.pathname = `/${name}`;
  });
}

async function withConnection(
  url: string,
  work: (sql: postgres.Sql) => PromiseLike<unknown>,
): Promise<void> {
  const sql = openSql(url, { max: 1, onnotice: () => {}, connect_timeout: 10 });
  try {
    await work(sql);
  } finally {
    await sql.end({ timeout: 5 });
  }
}

/** Runs once, whether the suite closes it or the end of the run does. */
function closing(close: () => Promise<void>): () => Promise<void> {
  let closed: Promise<void> | undefined;
  const once = () => {
    closers.delete(once);
    closed ??= close();
    return closed;
  };
  closers.add(once);
  return once;
}

async function temporaryFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'orders-test-'));
  await chmod(folder, 0o755);
  return folder;
}

// PostgreSQL's helpers may still be writing their last file.
function removeFolder(folder: string): Promise<void> {
  return rm(folder, { recursive: true, force: true, maxRetries: 5 });
}

/** Closes what suites left open. mocha calls it when all suites have run, in parallel after each file: see testing/hooks.ts. */
export async function closeTestServers(): Promise<void> {
  shared = undefined;
  await Promise.all([...closers].map((close) => close()));
}
