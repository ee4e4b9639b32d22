/** What the peers have in common: their files, their database, and how they tell of ends. */
import { join, resolve } from 'node:path';
import type { Sql } from 'postgres';
import { freePort, LOOPBACK } from '../../../../stack/ports.ts';
import type { Process } from '../../../../stack/process.ts';
import type { Follow } from '../../follow.ts';
import { usageOf } from '../../measure/usage.ts';
import { makeDatabase } from '../../own-database.ts';
import { startOwn } from '../../own-process.ts';
import type { System } from '../system.ts';

/** The peers run on packages that only they need. */
export const PEERS = resolve(import.meta.dirname, '../../../peers');

export interface PeerContext {
  /** Any database of the server. */
  readonly serverUrl: string;
  /** A folder for what they keep and write. */
  readonly home: string;
  /** Opens a connection that is closed with everything else. */
  readonly open: (url: string) => Sql;
  /** Called in reverse order at the end. */
  readonly atEnd: (close: () => Promise<unknown>) => void;
  readonly signal: AbortSignal;
}

/** Starts one and resolves once it takes orders. Throws a `SetupProblem` where it cannot be had. */
export type StartPeer = (context: PeerContext) => Promise<System>;

export interface PeerParts {
  readonly name: string;
  readonly database: string;
  /** Files of Node under `peers/`, started in this order; the first one takes the orders. */
  readonly files: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  /** Processes that run already and are the peer's, too. */
  readonly servers?: readonly Process[];
  /** How much it has not finished although the orders ended; default nothing. */
  readonly behind?: (sql: Sql) => Promise<number>;
}

export async function startPeer(context: PeerContext, parts: PeerParts): Promise<System> {
  const { name, database, files, servers = [], behind } = parts;
  const schema = join(PEERS, 'schema.sql');
  const databaseUrl = await makeDatabase(context.serverUrl, database, schema);
  const port = await freePort();
  const endings = endingsOfLines();
  const processes: Process[] = [...servers];
  for (const file of files) {
    const label = file.replace(/[.]ts$/, '').replace('/', ' ');
    const own = {
      name: label,
      file: join(PEERS, file),
      env: { ...parts.env, PEER_DATABASE_URL: databaseUrl, PEER_HTTP_PORT: String(port) },
      logFile: join(context.home, 'logs', `${label.replace(' ', '-')}.log`),
      onLine: endings.read,
    };
    const child = await startOwn(own, context.signal);
    context.atEnd(() => child.stop());
    processes.push(child);
  }
  const sql = context.open(databaseUrl);
  return {
    name,
    url: `http://${LOOPBACK}:${port}`,
    follow: endings.follow,
    stream: undefined,
    patienceMs: 10_000,
    databases: [database],
    connects: () => false,
    usages: () => new Map(processes.map((one) => [one.name, usageOf(one.pid)])),
    metrics: async () => new Map(),
    behind: async () => (await behind?.(sql)) ?? 0,
  };
}

/** A peer writes `ended <id>` for each order, once that is durable. */
function endingsOfLines(): {
  readonly read: (line: string) => void;
  readonly follow: Follow;
} {
  let told: Parameters<Follow>[0] | undefined;
  return {
    read: (line) => {
      const [word, orderId] = line.split(' ');
      if (word === 'ended' && orderId !== undefined) told?.(orderId, 'Approved', performance.now());
    },
    follow: async (onEnded) => {
      told = onEnded;
      return {
        stop: async () => {
          told = undefined;
        },
      };
    },
  };
}
