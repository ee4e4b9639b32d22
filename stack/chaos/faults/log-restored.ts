import { execFile } from 'node:child_process';
import { resolve } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { promisify } from 'node:util';
import type postgres from 'postgres';
import { openSql } from '../../../shared/kit/sql/sql-access.ts';
import { asOwner } from '../../credentials/sql-logins.ts';
import { until } from '../../until.ts';
import { streamEnds } from '../books.ts';
import type { Fault, Where } from './fault.ts';

const OLDER_MS = 4_000;
const RECOVERS_MS = 60_000;
/** Long enough for orders to be refused. */
const NOTICED_MS = 2_000;

const run = promisify(execFile);
const cli = resolve(import.meta.dirname, '../../../cli/main.ts');

/**
 * Restores the tables of `eventstoredb` to their state some seconds before, and runs
 * `ordersctl log recover`, as docs/operations.md says. Nobody may append while the stream
 * takes the last events, because an event that only the lost tail had would really be lost.
 */
export const logRestored: Fault = {
  name: 'the log restored to an older state',
  forgets: true,
  plannedMs: OLDER_MS + NOTICED_MS + 6_000,
  async happen(where) {
    const url = asOwner(where.stack.addresses.EVENTSTORE_DATABASE_URL);
    const sql = openSql(url, { max: 1, onnotice: () => {} });
    try {
      await keepCopy(sql);
      await delay(OLDER_MS, undefined, { signal: where.signal });
      const lost = await withNobodyAppending(where, () => putBack(sql));
      await delay(NOTICED_MS, undefined, { signal: where.signal });
      await recover(where);
      return `by ${lost} events`;
    } finally {
      await sql.end({ timeout: 5 });
    }
  },
};

const tables = async (sql: postgres.ISql): Promise<readonly string[]> => {
  const rows = await sql<{ name: string }[]>`
    select table_name as name from information_schema.tables
    where table_schema = 'public' and table_type = 'BASE TABLE' and table_name not like 'schema%'`;
  return rows.map(({ name }) => name);
};

async function keepCopy(sql: postgres.Sql): Promise<void> {
  await sql.begin('isolation level repeatable read', async (tx) => {
    await tx`drop schema if exists older cascade`;
    await tx`create schema older`;
    for (const name of await tables(tx)) {
      await tx`create table older.${tx(name)} as table public.${tx(name)}`;
    }
  });
}

/** Resolves with how many events the log has fewer than before. */
function putBack(sql: postgres.Sql): Promise<number> {
  return sql.begin(async (tx) => {
    const count = async () => {
      const [row] = await tx<{ n: number }[]>`select count(*)::int as n from public.events`;
      return row?.n ?? 0;
    };
    const before = await count();
    for (const name of await tables(tx)) {
      await tx`truncate public.${tx(name)}`;
      await tx`insert into public.${tx(name)} select * from older.${tx(name)}`;
    }
    return before - (await count());
  }) as Promise<number>;
}

/** Cuts everybody off the event store, waits until the stream has all, does `work`, and ends the store's connections as a restore does. */
async function withNobodyAppending<T>({ stack, wires, signal }: Where, work: () => Promise<T>) {
  const lines = (variable: string) =>
    wires.lines.filter((line) => line.variable === variable).flatMap((line) => line.wires);
  const clients = lines('EVENTSTORE_ADDRESS');
  const databases = lines('EVENTSTORE_DATABASE_URL');
  for (const wire of clients) {
    wire.refuse();
    wire.cut();
  }
  await until(() => streamEnds(stack), { what: 'the stream has all', deadlineMs: 20_000, signal });
  for (const wire of databases) {
    wire.refuse();
    wire.cut();
  }
  const done = await work();
  await wires.pass();
  return done;
}

async function recover({ stack, signal }: Where): Promise<void> {
  const { EVENTSTORE_ADDRESS } = stack.addresses;
  const args = [cli, 'log', 'recover', '--yes', '--eventstore', EVENTSTORE_ADDRESS];
  const env = { ...process.env, CREDENTIALS_DIR: stack.credentialsDir };
  await until(() => run(process.execPath, args, { signal, env }), {
    what: 'ordersctl log recover',
    deadlineMs: RECOVERS_MS,
    everyMs: 1_000,
    signal,
  });
}
