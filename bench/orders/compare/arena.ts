/**
 * All that is measured, on one PostgreSQL and one NATS: the product's stack, the bare path
 * beside it, and a place for spans.
 */
import { join } from 'node:path';
import type postgres from 'postgres';
import { openSql } from '../../../shared/kit/sql/sql-access.ts';
import { natsLoginAs } from '../../../stack/credentials/nats-logins.ts';
import { asOwner } from '../../../stack/credentials/sql-logins.ts';
import type { ProcessForm } from '../../../stack/plan.ts';
import { freePort, LOOPBACK } from '../../../stack/ports.ts';
import type { Process } from '../../../stack/process.ts';
import { services } from '../../../stack/services.ts';
import { type Stack, startStack } from '../../../stack/stack.ts';
import { bareUses, startBarePath } from '../bare/start.ts';
import { postgresUsages, type Usages, usageOf } from '../measure/usage.ts';
import { withPassword } from '../own-database.ts';
import { makeOwnFolder, removeOwnFolder } from '../own-folder.ts';
import { startOwn } from '../own-process.ts';
import { peers } from './peers/peers.ts';
import type { System } from './system.ts';
import { bareOf, pidOf, productOf } from './systems.ts';

export interface Arena {
  readonly product: System;
  readonly bare: System;
  readonly peers: readonly System[];
  /** All of them. */
  readonly systems: readonly System[];
  readonly stack: Stack;
  readonly natsUrl: string;
  readonly natsMonitorUrl: string;
  /** A connection to PostgreSQL, for what the server tells of itself. */
  readonly sql: postgres.Sql;
  /** What all share: PostgreSQL by database, NATS, the place for spans. */
  readonly servers: () => Usages;
  /** Ends everything and removes its files. May be called twice. */
  readonly close: () => Promise<void>;
}

export interface ArenaOptions {
  /** Where the data lies meanwhile; undefined: the system's folder for such. */
  readonly folder: string | undefined;
  /** Of the product: one for each service, or few. */
  readonly processes: ProcessForm;
  readonly withPeers: boolean;
}

/** As a busy system is traced: the first service decides, and the others follow. */
const TRACED_SHARE = '0.01';

/**
 * Starts everything on free ports, with its data in a folder of its own under `folder`.
 * Throws a `SetupProblem` where that cannot be; leaves nothing then. The caller closes it.
 */
export async function openArena(
  { folder, processes, withPeers }: ArenaOptions,
  say: (what: string) => void,
  signal: AbortSignal,
): Promise<Arena> {
  const home = await makeOwnFolder(folder);
  const closers: (() => Promise<unknown>)[] = [() => removeOwnFolder(home)];
  const close = async () => {
    for (let next = closers.pop(); next !== undefined; next = closers.pop()) await next();
  };
  try {
    const sink = await startSink(join(home, 'logs', 'span-sink.log'), signal);
    closers.push(() => sink.process.stop());
    say('starting the product');
    const sampled = {
      OTEL_TRACES_SAMPLER: 'parentbased_traceidratio',
      OTEL_TRACES_SAMPLER_ARG: TRACED_SHARE,
    };
    const stack = await startStack({
      dataDir: home,
      processes,
      own: { OTEL_EXPORTER_ZIPKIN_ENDPOINT: sink.endpoint },
      natsUses: bareUses,
      environment: Object.fromEntries(services.map(({ name }) => [name, sampled])),
      signal,
    });
    closers.push(stack.stop);
    say('starting the bare path');
    const path = await startBarePath({
      serverUrl: withPassword(asOwner(stack.addresses.EVENTSTORE_DATABASE_URL)),
      natsUrl: natsLoginAs(stack.addresses.NATS_URL, 'bare'),
      logs: join(home, 'logs'),
      signal,
    });
    closers.push(path.stop);
    const sql = (url: string) => {
      const opened = openSql(url, { max: 1, onnotice: () => undefined });
      closers.push(() => opened.end({ timeout: 5 }));
      return opened;
    };
    const product = productOf(stack, sql);
    const bare = bareOf(path, sql(path.databaseUrl));
    const { addresses, natsMonitorUrl } = stack;
    const others: System[] = [];
    if (withPeers) say('starting the peers');
    for (const start of withPeers ? peers : []) {
      const context = {
        home,
        signal,
        open: sql,
        atEnd: (end: () => Promise<unknown>) => closers.push(end),
      };
      others.push(await start({ ...context, serverUrl: path.databaseUrl }));
    }
    return {
      product,
      bare,
      peers: others,
      systems: [product, bare, ...others],
      stack,
      natsUrl: addresses.NATS_URL,
      natsMonitorUrl: natsMonitorUrl ?? '',
      sql: sql(Object.assign(new URL(path.databaseUrl), { pathname: '/postgres' }).href),
      servers: () =>
        new Map([
          ...postgresUsages(pidOf(stack, 'PostgreSQL')),
          ['NATS', usageOf(pidOf(stack, 'NATS'))],
          ['span sink', usageOf(sink.process.pid)],
        ]),
      close,
    };
  } catch (error) {
    await close();
    throw error;
  }
}

async function startSink(
  logFile: string,
  signal: AbortSignal,
): Promise<{ readonly endpoint: string; readonly process: Process }> {
  const port = await freePort();
  const child = await startOwn(
    {
      name: 'span sink',
      file: join(import.meta.dirname, 'span-sink.ts'),
      env: { SINK_PORT: String(port) },
      logFile,
    },
    signal,
  );
  return { endpoint: `http://${LOOPBACK}:${port}/api/v2/spans`, process: child };
}
