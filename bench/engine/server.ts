/** The PostgreSQL server that all rows of a run are measured on, and what belongs to it. */
import { chmod, mkdir, mkdtemp, readlink, rm } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import postgres from 'postgres';
import { silentLogger } from '../../shared/kit/logger.ts';
import { migrate } from '../../shared/kit/sql/migrations.ts';
import { startPostgres } from '../../stack/postgres.ts';
import { askDurability } from '../orders/durability.ts';
import { type ServiceProcess, startService } from './contenders/service-process.ts';

const MIGRATIONS = resolve(import.meta.dirname, '../../services/eventstoresvc/migrations');

export interface Server {
  /** The address of a database. */
  addressOf(name: string): string;
  /** Makes an empty database and resolves with its address. */
  createDatabase(name: string): Promise<string>;
  /** Makes a database with the log's schema and resolves with its address. */
  createLog(name: string): Promise<string>;
  /** Starts an eventstoresvc on a database with the log's schema; stopped with the server at the latest. `streams`: those that it serves, default one. */
  startService(url: string, name: string, streams?: readonly string[]): Promise<ServiceProcess>;
  /** One statement for the server itself, in the database of that address. */
  admin(url: string, statement: string): Promise<void>;
  /** Writes a checkpoint, so that what was done before is not paid for in the middle of what comes. */
  checkpoint(): Promise<void>;
  /** What an acknowledged write to that database survived: in two words, and in a line. */
  durability(url: string): Promise<{ readonly short: string; readonly text: string }>;
  /** Ends everything and removes the files. May be called twice. */
  close(): Promise<void>;
}

/**
 * Starts PostgreSQL with its files in a folder of its own under `folder`, on a
 * free port, so that an answer means that the disk has it. Throws a `SetupProblem`
 * where that cannot be. The caller closes it.
 */
export async function openServer(folder: string, signal: AbortSignal): Promise<Server> {
  await mkdir(folder, { recursive: true });
  const home = await mkdtemp(join(folder, 'engine-'));
  await chmod(home, 0o755);
  const dataDir = join(home, 'postgres');
  const started: ServiceProcess[] = [];
  const remove = async () => {
    // Where PostgreSQL's user may not enter the folder, its data lies behind a link.
    const elsewhere = await readlink(dataDir).catch(() => undefined);
    if (elsewhere !== undefined) await rm(dirname(elsewhere), { recursive: true, force: true });
    await rm(home, { recursive: true, force: true, maxRetries: 5 });
  };
  const logFile = join(home, 'PostgreSQL.log');
  const running = await startPostgres({ dataDir, durable: true, logFile, signal }).catch(
    async (error) => {
      await remove();
      throw error;
    },
  );

  const admin = async (url: string, statement: string) => {
    const sql = postgres(url, { max: 1, onnotice: () => undefined });
    try {
      await sql.unsafe(statement);
    } finally {
      await sql.end({ timeout: 5 });
    }
  };
  const createDatabase = async (name: string) => {
    await admin(running.url('postgres'), `create database "${name}"`);
    return running.url(name);
  };

  let closing: Promise<void> | undefined;
  return {
    addressOf: running.url,
    createDatabase,
    createLog: async (name) => {
      const url = await createDatabase(name);
      await migrate({ url, folder: MIGRATIONS, logger: silentLogger });
      return url;
    },
    startService: async (url, name, streams) => {
      const service = await startService(url, name, home, signal, streams);
      started.push(service);
      return service;
    },
    admin,
    checkpoint: () => admin(running.url('postgres'), 'checkpoint'),
    durability: async (url) => {
      const { settings, text } = await askDurability(url);
      const kept = settings?.fsync === 'on' && settings.synchronous_commit !== 'off';
      return { short: kept ? 'on disk' : 'not on disk', text };
    },
    close: () => {
      closing ??= Promise.all(started.map((service) => service.stop()))
        .then(() => running.stop())
        .finally(remove);
      return closing;
    },
  };
}
