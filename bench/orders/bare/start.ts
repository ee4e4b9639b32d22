/**
 * The bare path: the product's hops and nothing else, as fast as they are with batches at
 * each. HTTP → append over a gRPC stream → one commit for many → relay to JetStream → two
 * workers, each with one more event → rows. No validation, retries, saga, ledger or traces;
 * it starts empty, and what fails ends it. The price of the hops is what the product is
 * compared with.
 */
import { join } from 'node:path';
import { connect, StorageType } from 'nats';
import { natsConnectionOptions } from '../../../shared/kit/transport/nats/nats-connection.ts';
import { freePorts, LOOPBACK } from '../../../stack/ports.ts';
import type { Process } from '../../../stack/process.ts';
import { makeDatabase } from '../own-database.ts';
import { startOwn } from '../own-process.ts';
import { BARE_STREAM } from './wire.ts';

export interface BarePath {
  readonly httpUrl: string;
  readonly databaseUrl: string;
  readonly natsUrl: string;
  readonly processes: readonly Process[];
  /** Ends them, last first. May be called twice. */
  readonly stop: () => Promise<void>;
}

export interface BareOptions {
  /** Any database of the server; the bare path makes its own there. */
  readonly serverUrl: string;
  readonly natsUrl: string;
  /** What the processes write. */
  readonly logs: string;
  readonly signal: AbortSignal;
}

const DATABASE = 'bare';

/** What it does on NATS, for the stack whose broker it uses. */
export const bareUses = {
  bare: {
    stream: BARE_STREAM,
    makes: true,
    fills: true,
    inspects: true,
    durables: ['payment', 'projection', 'review'],
  },
} as const;

/** Starts it on a server and a broker that have none yet. Leaves nothing running where it rejects. */
export async function startBarePath(options: BareOptions): Promise<BarePath> {
  const { natsUrl, logs, signal } = options;
  const databaseUrl = await makeDatabase(
    options.serverUrl,
    DATABASE,
    join(import.meta.dirname, 'schema.sql'),
  );
  await makeStream(natsUrl);
  const [httpPort, grpcPort] = await freePorts(2);
  const env = {
    BARE_DATABASE_URL: databaseUrl,
    BARE_STORE: `${LOOPBACK}:${grpcPort}`,
    BARE_GRPC_PORT: String(grpcPort),
    BARE_HTTP_PORT: String(httpPort),
    NATS_URL: natsUrl,
  };
  const processes: Process[] = [];
  const stop = async () => {
    for (const one of processes.toReversed()) await one.stop();
  };
  const start = async (file: string, name: string, ...args: string[]) => {
    const own = { name: `bare ${name}`, file: join(import.meta.dirname, file), args, env };
    processes.push(await startOwn({ ...own, logFile: join(logs, `bare-${name}.log`) }, signal));
  };
  try {
    await start('store.ts', 'store');
    const started = await Promise.allSettled([
      start('projection.ts', 'projection'),
      start('worker.ts', 'review', 'review'),
      start('worker.ts', 'payment', 'payment'),
      start('http.ts', 'http'),
    ]);
    for (const one of started) if (one.status === 'rejected') throw one.reason;
  } catch (error) {
    await stop();
    throw error;
  }
  return { httpUrl: `http://${LOOPBACK}:${httpPort}`, databaseUrl, natsUrl, processes, stop };
}

async function makeStream(natsUrl: string): Promise<void> {
  const nats = await connect(natsConnectionOptions(natsUrl, 'bare start'));
  try {
    const manager = await nats.jetstreamManager();
    await manager.streams.add({
      name: BARE_STREAM,
      subjects: [`${BARE_STREAM}.>`],
      storage: StorageType.File,
    });
  } finally {
    await nats.close();
  }
}
