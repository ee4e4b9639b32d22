/**
 * Brings a service's database to the newest schema. Postgrator applies the files, one
 * idempotent statement each and none in a transaction, because CockroachDB commits schema
 * changes in the middle of one. A lease row keeps runs apart, because advisory locks
 * there are stubs that always succeed.
 */
import { randomUUID } from 'node:crypto';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import Postgrator from 'postgrator';
import type postgres from 'postgres';
import type { Logger } from '../logger.ts';
import { changedSqlUrl, sqlUrl } from '../process/address/sql-url.ts';
import { sqlState } from './database.ts';
import { openSql } from './sql-access.ts';

export interface MigrationOptions {
  /** URL of the service's database, which is created if it does not exist. */
  readonly url: string;
  /** Folder of files named `001.do.what-it-does.sql`. */
  readonly folder: string;
  readonly logger: Logger;
  /** How long to wait for another run, or for a server that is starting, in milliseconds. Default 60 s. */
  readonly timeoutMs?: number;
}

/**
 * How long a run holds the lease after its last sign of life, in seconds, before another takes
 * over: so long the next start waits for one that was killed.
 */
const LEASE_SECONDS = 15;

/** So begins the name of a migration that takes away what earlier releases need. All others only add. */
const CONTRACT = 'contract-';

/**
 * How long a migration waits for a table that somebody reads or writes, in milliseconds. While
 * it waits, all who come after it wait, too.
 */
const LOCK_MS = 1_000;
/** Then it lets them go first, for so long. */
const LET_GO_MS = 1_000;
const LOCK_NOT_AVAILABLE = '55P03';

/**
 * Creates the database and applies what is missing. May run any number of times, also
 * concurrently. A schema of a newer release stays as it is, if that only added to it. Rejects,
 * after `timeoutMs` at the latest, with what prevented it.
 */
export async function migrate(options: MigrationOptions): Promise<void> {
  const deadline = performance.now() + (options.timeoutMs ?? 60_000);
  await insist(options, deadline, () => createDatabaseIfMissing(options.url));
  const sql = client(options.url, { lock_timeout: LOCK_MS });
  // A migration that takes long must not keep the lease from being renewed.
  const leases = client(options.url);
  try {
    const holder = randomUUID();
    await insist(options, deadline, () => prepareLease(leases));
    // A standby, asked first, may not know the database yet.
    await insist(options, deadline, async () => void (await sql`select 1`));
    await takeLease(leases, holder, deadline);
    const renewing = setInterval(() => void renewLease(leases, holder), LEASE_SECONDS * 250);
    try {
      await insistOnLocks(options, deadline, () => apply(sql, options));
    } finally {
      clearInterval(renewing);
      // The error above is the one to report; a lease that stays expires.
      await leases`
        update migration_lease set holder = ''
        where name = 'schema' and holder = ${holder}::text`.catch(() => undefined);
    }
  } finally {
    await Promise.all([sql.end({ timeout: 5 }), leases.end({ timeout: 5 })]);
  }
}

function client(
  url: string,
  connection: Partial<postgres.ConnectionParameters> = {},
): postgres.Sql {
  return openSql(url, { max: 1, onnotice: () => undefined, connect_timeout: 5, connection });
}

async function createDatabaseIfMissing(url: string): Promise<void> {
  const database = decodeURIComponent(sqlUrl(url).pathname.slice(1));
  // Who owns the database need not be let into another one.
  if (await isThere(url, database)) return;
  const beside = changedSqlUrl(url, (target) => {
    target.pathname = '/postgres';
  });
  const sql = client(beside);
  try {
    await sql.unsafe(`create database ${quoted(database)}`);
  } catch (error) {
    // Another run was faster: 42P04 says so, and so does 23505 from the catalogue.
    if (!['42P04', '23505'].includes(sqlState(error) ?? '')) throw error;
  } finally {
    await sql.end({ timeout: 5 });
  }
}

const NO_SUCH_DATABASE = '3D000';

async function isThere(url: string, database: string): Promise<boolean> {
  const sql = client(url);
  try {
    const found = await sql`select 1 from pg_catalog.pg_database where datname = ${database}::text`;
    return found.length > 0;
  } catch (error) {
    if (sqlState(error) === NO_SUCH_DATABASE) return false;
    throw error;
  } finally {
    await sql.end({ timeout: 5 });
  }
}

async function prepareLease(sql: postgres.Sql): Promise<void> {
  await sql`
    create table if not exists migration_lease (
      name text primary key,
      holder text not null,
      until timestamptz not null
    )`;
  await sql`
    insert into migration_lease (name, holder, until) values ('schema', '', now())
    on conflict (name) do nothing`;
}

async function takeLease(sql: postgres.Sql, holder: string, deadline: number): Promise<void> {
  for (;;) {
    const taken = await sql`
      update migration_lease
      set holder = ${holder}::text, until = now() + ${LEASE_SECONDS}::int8 * interval '1 second'
      where name = 'schema' and (holder = '' or until < now())
      returning name`;
    if (taken.length > 0) return;
    if (performance.now() > deadline) {
      throw new Error('another migration has held its lease until our time ran out');
    }
    await sleep(50 + Math.random() * 100);
  }
}

/** Never rejects: the next renewal may succeed, and a lease that is lost goes to another. */
async function renewLease(sql: postgres.Sql, holder: string): Promise<void> {
  await sql`
    update migration_lease
    set until = now() + ${LEASE_SECONDS}::int8 * interval '1 second'
    where name = 'schema' and holder = ${holder}::text`.catch(() => undefined);
}

async function apply(sql: postgres.Sql, options: MigrationOptions): Promise<void> {
  const { logger } = options;
  const own = postgrator(sql, options);
  const version = await own.getDatabaseVersion();
  const newest = await own.getMaxVersion();
  if (version > newest) {
    // Postgrator itself would take it for a wish to go back.
    await own.validateMigrations(version);
    const newer = await newerThan(sql, newest);
    const lost = newer.find(({ name }) => name.startsWith(CONTRACT));
    if (lost !== undefined) throw contracted(options, lost.file);
    const files = newer.map(({ file }) => file);
    logger.warn({ files }, 'the schema is of a newer release, which only added to it: it stays');
    return;
  }
  for (const { filename } of await own.migrate()) {
    logger.info({ file: filename.split('/').slice(-3).join('/') }, 'migration applied');
  }
}

/** Repeats `step`, which may be repeated, while others have the tables that it changes. */
async function insistOnLocks(
  { logger }: MigrationOptions,
  deadline: number,
  step: () => Promise<void>,
): Promise<void> {
  for (;;) {
    try {
      return await step();
    } catch (error) {
      if (sqlState(error) !== LOCK_NOT_AVAILABLE || performance.now() > deadline) throw error;
      logger.info({ err: error }, 'a migration lets those go first who use its table');
      await sleep(LET_GO_MS * (0.5 + Math.random() / 2));
    }
  }
}

async function newerThan(sql: postgres.Sql, version: number) {
  const rows = await sql<{ version: string; name: string }[]>`
    select version, name from schemaversion
    where version > ${String(version)}::int8 order by version`;
  return rows.map((row) => ({
    ...row,
    file: `${row.version.padStart(3, '0')}.do.${row.name}.sql`,
  }));
}

const contracted = ({ url }: MigrationOptions, file: string) =>
  new Error(
    `a newer release has taken away from ${sqlUrl(url).pathname.slice(1)} what this one needs (${file}): start the newer one, or restore a backup from before`,
  );

function postgrator(sql: postgres.Sql, { folder, url }: MigrationOptions): Postgrator {
  return new Postgrator({
    driver: 'pg',
    database: sqlUrl(url).pathname.slice(1),
    migrationPattern: join(folder, '*.sql'),
    newline: 'LF',
    execQuery: async (query) => ({ rows: await sql.unsafe(query) }),
  });
}

/**
 * Repeats `step` until it succeeds or the deadline passes: servers that are starting
 * refuse connections, and racing `create table if not exists` fail with 23505 or 42P07
 * although the table exists afterwards. Somebody may be changing a wrong password: it is
 * reported at once and tried again.
 */
async function insist(
  { logger }: MigrationOptions,
  deadline: number,
  step: () => Promise<void>,
): Promise<void> {
  for (let delay = 50; ; delay = Math.min(1_000, delay * 2)) {
    try {
      return await step();
    } catch (error) {
      if (performance.now() > deadline) throw error;
      if (delay === 50) logger.info({ err: error }, 'the database is not ready; trying again');
      await sleep(delay * (0.5 + Math.random() / 2));
    }
  }
}

const quoted = (name: string): string => `"${name.replaceAll('"', '""')}"`;
