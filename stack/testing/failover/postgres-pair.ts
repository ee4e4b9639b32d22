/** Two PostgreSQL servers, of which the second follows the first until it is promoted. */
import { execFile } from 'node:child_process';
import { appendFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { openSql } from '../../../shared/kit/sql/sql-access.ts';
import { eventually } from '../../../shared/testing/eventually.ts';
import { signalPostgres } from '../../patroni/postgres-signals.ts';
import { freePort, LOOPBACK } from '../../ports.ts';
import { databaseUrl, startPostgres } from '../../postgres.ts';
import { testFolder } from '../../testing.ts';

const run = promisify(execFile);

export interface PostgresPair {
  readonly first: PairedPostgres;
  readonly second: PairedPostgres;
  /** Their address, the standby first: who takes what comes first gets one that takes no writes. */
  readonly url: (database: string) => string;
  /** Makes the second take writes, as what watches over them would. */
  readonly promote: () => Promise<void>;
  readonly stop: () => Promise<void>;
}

export interface PairedPostgres {
  /** This server alone. */
  readonly url: (database: string) => string;
  /** To all its processes. */
  readonly signal: (signal: NodeJS.Signals) => void;
  readonly stop: () => Promise<void>;
  /** The server again, after it was stopped. */
  readonly start: () => Promise<void>;
}

/**
 * Starts both in folders of their own. The caller stops them.
 *
 * @param synchronous whether a commit waits for the standby
 */
export async function startPostgresPair(synchronous = false): Promise<PostgresPair> {
  const folder = await testFolder();
  const [dataDir, copy] = [join(folder, 'first'), join(folder, 'second')];
  const ports = [await freePort(), await freePort()] as const;
  const initial = await startPostgres({ dataDir, port: ports[0] });
  await initial.stop();
  // As root the files are the server's user's, and stay so.
  await run('cp', ['-a', dataDir, copy]);
  await writeFile(join(copy, 'standby.signal'), '');
  const primary = `host=${LOOPBACK} port=${ports[0]} user=orders application_name=second`;
  await appendFile(join(copy, 'postgresql.auto.conf'), `primary_conninfo = '${primary}'\n`);
  if (synchronous) {
    const wait = "synchronous_standby_names = 'second'\n";
    await appendFile(join(dataDir, 'postgresql.auto.conf'), wait);
  }
  const first = await paired(dataDir, ports[0]);
  const second = await paired(copy, ports[1]);
  const url = (database: string) =>
    `postgres://orders@${LOOPBACK}:${ports[1]},${LOOPBACK}:${ports[0]}/${database}?target_session_attrs=read-write`;
  return {
    first,
    second,
    url,
    promote: () => promote(second.url('postgres')),
    stop: async () => {
      await Promise.all([first, second].map((one) => one.stop()));
    },
  };
}

async function paired(dataDir: string, port: number): Promise<PairedPostgres> {
  let server = await startPostgres({ dataDir, port });
  return {
    url: (database) => databaseUrl(port, database),
    signal: (signal) => signalPostgres(dataDir, signal),
    stop: async () => {
      // One that is frozen hears no other signal.
      signalPostgres(dataDir, 'SIGCONT');
      await server.stop();
    },
    start: async () => {
      server = await startPostgres({ dataDir, port });
    },
  };
}

async function promote(url: string): Promise<void> {
  const sql = openSql(url, { max: 1, onnotice: () => {} });
  try {
    await sql`select pg_promote(true, 30)`;
    await eventually('it takes writes', async () => {
      const [row] = await sql`select pg_is_in_recovery() as standby`;
      return row?.standby === false;
    });
  } finally {
    await sql.end({ timeout: 5 });
  }
}
