import { existsSync, realpathSync } from 'node:fs';
import { chown, lstat, mkdir, readFile, realpath, rename, rm, stat } from 'node:fs/promises';
import { basename, dirname, resolve } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { serverEnvironment } from './child-environment.ts';
import { closeCluster } from './credentials/closed-cluster.ts';
import { freePort, LOOPBACK } from './ports.ts';
import {
  closedFolder,
  type PostgresBinaries,
  postgresBinaries,
  type ServerUser,
  serverUser,
} from './postgres-binaries.ts';
import { SetupProblem } from './problem.ts';
import { commandName, program, runningPids, workingDirectory } from './proc.ts';
import { type Process, startProcess, untilReady } from './process.ts';
import { placeElsewhere } from './reach.ts';

export interface PostgresOptions {
  /** The cluster's folder; created if missing, kept when the server stops. */
  readonly dataDir: string;
  /** Default: a free one. */
  readonly port?: number;
  /**
   * Default true: an acknowledged commit is on disk. False, for tests, survives a
   * kill of the server but not of the machine.
   */
  readonly durable?: boolean;
  /**
   * Who owns the databases and makes roles. With an owner each login needs a password, and
   * the superuser has none; without one, in tests, every client is trusted as the superuser.
   */
  readonly owner?: Owner | undefined;
  readonly logFile?: string | undefined;
  /** Called with the cluster's place if it cannot be in `dataDir`. */
  readonly onProgress?: ((line: string) => void) | undefined;
  /** Aborting it gives the start up; once started it has no effect. */
  readonly signal?: AbortSignal | undefined;
}

interface Owner {
  readonly name: string;
  readonly password: string;
}

/** A running PostgreSQL server on loopback. */
export interface Postgres {
  readonly port: number;
  readonly process: Process;
  /** The address of a database, which need not exist, as the superuser: for a server without an owner. */
  readonly url: (database: string) => string;
  /** Ends open connections and stops; the data stays. May be called twice. */
  readonly stop: () => Promise<void>;
}

// The services need fewer than 70 connections, and 110 while the largest pool is
// replaced; the rest is room for tests and for a person with psql.
const MAX_CONNECTIONS = 200;
const READY_MS = 30_000;
const STILL_HELD_MS = 10_000;
const SUPERUSER = 'orders';

/**
 * Starts PostgreSQL 18, and first creates the cluster if there is none (about two
 * seconds). It listens on loopback only.
 *
 * After a SIGKILL it recovers by itself, waiting for the last processes of the
 * killed server to go. Under root a cluster whose folder the server's user cannot
 * reach lies under /var/lib instead, behind a link. Throws a `SetupProblem` with the remedy when the folder
 * cannot be used or the server does not come up.
 */
export async function startPostgres(options: PostgresOptions): Promise<Postgres> {
  const { durable = true } = options;
  const port = options.port ?? (await freePort());
  const user = await serverUser();
  const dataDir = await clusterFolder(resolve(options.dataDir), user, options.onProgress);
  const binaries = await postgresBinaries(user, `${dataDir}-binaries`);
  const exists = await stat(resolve(dataDir, 'PG_VERSION')).catch(() => undefined);
  if (exists === undefined) await makeCluster(binaries, dataDir, user, durable, options.signal);
  await forgetDeadHolder(dataDir);

  const settings = {
    listen_addresses: LOOPBACK,
    unix_socket_directories: '',
    max_connections: MAX_CONNECTIONS,
    // Its defaults are for a machine of 1 GB. The indexes of a million orders are to
    // stay in memory, and a checkpoint, after which each page goes to the WAL as a
    // whole once more, is not to come every few hundred MB; nor a recovery to take long.
    shared_buffers: '512MB',
    max_wal_size: '2GB',
    min_wal_size: '512MB',
    fsync: durable ? 'on' : 'off',
    full_page_writes: durable ? 'on' : 'off',
    synchronous_commit: durable ? 'on' : 'off',
  };
  const server = await startServer({
    postgres: binaries.postgres,
    settings: Object.entries(settings).flatMap(([name, value]) => ['-c', `${name}=${value}`]),
    dataDir,
    port,
    user,
    owner: options.owner,
    logFile: options.logFile,
    signal: options.signal,
  });
  void server.exited.then(({ signal }) => {
    if (signal === 'SIGKILL') endBackends(dataDir);
  });
  return {
    port,
    process: server,
    url: (database) => databaseUrl(port, database),
    stop: async () => {
      await server.stop();
    },
  };
}

/** The address of a database on a server that {@link startPostgres} started without an owner. */
export function databaseUrl(port: number, database: string): string {
  return `postgres://${SUPERUSER}@${LOOPBACK}:${port}/${database}`;
}

async function clusterFolder(
  folder: string,
  user: ServerUser,
  say: ((line: string) => void) | undefined,
): Promise<string> {
  await mkdir(dirname(folder), { recursive: true });
  const linked = (await lstat(folder).catch(() => undefined))?.isSymbolicLink() ?? false;
  const closed = await closedFolder(dirname(folder), user);
  if (!linked && closed === undefined) return folder;
  const target = await placeElsewhere(folder);
  if (closed !== undefined) say?.(`its user may not enter ${closed}, so its data is in ${target}`);
  return target;
}

/** Its words are read here; and a locale that this machine does not have would be refused. */
function englishEnvironment(): NodeJS.ProcessEnv {
  return { ...serverEnvironment(), LC_ALL: 'C' };
}

/**
 * PostgreSQL considers its lock file valid if its process id exists, whichever process has
 * it now. A server works inside its folder, so a process that works elsewhere is none.
 */
async function forgetDeadHolder(dataDir: string): Promise<void> {
  const file = resolve(dataDir, 'postmaster.pid');
  const pid = Number.parseInt(await readFile(file, 'utf8').catch(() => ''), 10);
  const where = workingDirectory(pid);
  if (where !== undefined && where !== (await realpath(dataDir))) await rm(file, { force: true });
}

/**
 * Kills what a server that is dead left working in its folder; not to be called while it
 * lives. Its backends are sessions of their own and have painted their titles over their
 * environment, so neither a signal to the server's group nor `endOrphans` reaches them.
 * By themselves they go when they notice, which one that hangs never does.
 */
function endBackends(dataDir: string): void {
  const folder = existsSync(dataDir) && realpathSync(dataDir);
  for (const pid of runningPids()) {
    if (workingDirectory(pid) !== folder || basename(program(pid) ?? '') !== 'postgres') continue;
    try {
      process.kill(pid, 'SIGKILL');
    } catch {
      // It ended in the meantime; or it is another user's, and then the next look tells.
    }
  }
}

/**
 * Makes the cluster beside its place and moves it there whole, so that a start
 * that was interrupted leaves nothing half made. Text sorts by bytes
 * (`--locale=C`), as on CockroachDB.
 */
async function makeCluster(
  { initdb }: PostgresBinaries,
  dataDir: string,
  user: ServerUser,
  durable: boolean,
  signal: AbortSignal | undefined,
): Promise<void> {
  const unfinished = `${dataDir}.new`;
  await rm(unfinished, { recursive: true, force: true });
  await mkdir(unfinished, { mode: 0o700 });
  if (user !== undefined) await chown(unfinished, user.uid, user.gid);
  const args = ['--locale=C', '--encoding=UTF8', '--auth=trust', `--username=${SUPERUSER}`];
  const child = await startProcess({
    name: 'initdb',
    command: initdb,
    args: ['-D', unfinished, ...args, ...(durable ? [] : ['--no-sync'])],
    cwd: '/',
    user,
    env: englishEnvironment(),
  });
  const giveUp = () => void child.stop();
  signal?.addEventListener('abort', giveUp, { once: true });
  if (signal?.aborted) giveUp();
  const { code } = await child.exited;
  signal?.removeEventListener('abort', giveUp);
  if (code !== 0) {
    const why = child.tail().find((line) => /error|fatal/i.test(line)) ?? child.tail().at(-1);
    await rm(unfinished, { recursive: true, force: true });
    signal?.throwIfAborted();
    throw new SetupProblem(
      `the PostgreSQL cluster could not be created in ${dataDir}: ${why?.replace(/^.*(?:FATAL|error):\s*/, '') ?? `exit code ${code}`}`,
      why !== undefined && /file descriptors/.test(why)
        ? 'raise the limit: ulimit -n 4096'
        : 'set STACK_DATA_DIR to a writable folder with free space',
    );
  }
  await rename(unfinished, dataDir);
}

interface ServerOptions {
  readonly postgres: string;
  readonly settings: readonly string[];
  readonly dataDir: string;
  readonly port: number;
  readonly user: ServerUser;
  readonly owner: Owner | undefined;
  readonly logFile: string | undefined;
  readonly signal: AbortSignal | undefined;
}

/** A standby says that it is ready for reading. */
const READY = /database system is ready to accept (read-only )?connections/;
/** Printed for a second or so after a kill, while the server's helpers still run. */
const STILL_HELD = 'pre-existing shared memory block';
/** Said when the server that made the lock lives. */
const LOCKED = 'lock file "postmaster.pid" already exists';

async function startServer(options: ServerOptions): Promise<Process> {
  const givesUpAt = performance.now() + STILL_HELD_MS;
  for (;;) {
    const server = (await closed(options)) ? await attemptServer(options) : undefined;
    if (server !== undefined) return server;
    endBackends(options.dataDir);
    if (performance.now() > givesUpAt) throw await folderHeld(options);
    await delay(200);
  }
}

async function holder({ dataDir }: ServerOptions): Promise<number> {
  const file = resolve(dataDir, 'postmaster.pid');
  return Number.parseInt(await readFile(file, 'utf8').catch(() => ''), 10);
}

async function folderHeld(options: ServerOptions): Promise<SetupProblem> {
  const { dataDir } = options;
  const pid = await holder(options);
  const who = Number.isNaN(pid) ? '' : ` (${commandName(pid)}, process ${pid})`;
  return new SetupProblem(`another PostgreSQL${who} uses the folder ${dataDir}`, 'stop it');
}

/** False when the folder is still held. That another server has it the attempt to start finds. */
async function closed({ postgres, dataDir, user, owner }: ServerOptions): Promise<boolean> {
  if (owner === undefined) return true;
  const env = englishEnvironment();
  try {
    await closeCluster({ postgres, dataDir, user, env, superuser: SUPERUSER, owner });
  } catch (error) {
    const { message } = error as Error;
    if (message.includes(STILL_HELD)) return false;
    if (message.includes(LOCKED)) return true;
    throw notStarted(dataDir, message.replace(/^.*(?:ERROR|FATAL|PANIC):\s*/, ''), error);
  }
  return true;
}

const notStarted = (dataDir: string, why: string, cause: unknown): SetupProblem =>
  new SetupProblem(
    `PostgreSQL did not start: ${why.replace(/[. ]*$/, '')}`,
    `repair ${dataDir}, or set STACK_DATA_DIR to another folder`,
    { cause },
  );

/** The server once it takes connections; undefined when its folder is still held. */
async function attemptServer(options: ServerOptions): Promise<Process | undefined> {
  let ready = false;
  const server = await startProcess({
    name: 'PostgreSQL',
    command: options.postgres,
    args: ['-D', options.dataDir, '-p', String(options.port), ...options.settings],
    user: options.user,
    logFile: options.logFile,
    cwd: '/',
    env: englishEnvironment(),
    onLine: (line) => {
      ready ||= READY.test(line);
    },
    // SIGINT is PostgreSQL's fast shutdown; SIGTERM would wait for the clients to go.
    stopSignal: 'SIGINT',
  });
  try {
    await untilReady(server, () => ready, { stillMs: READY_MS }, options.signal);
    return server;
  } catch (cause) {
    options.signal?.throwIfAborted();
    if (server.tail().some((line) => line.includes(STILL_HELD))) return undefined;
    if (server.tail().some((line) => line.includes(LOCKED))) {
      // It has ended, but its id is taken until its parent, or init, asks for its exit code.
      if (commandName(await holder(options)) === '') return undefined;
      throw await folderHeld(options);
    }
    // Clients that came too early are refused in the same words.
    const why = server
      .tail()
      .find((line) => line.includes('FATAL:') && !line.includes('the database system is'));
    if (why === undefined) throw cause;
    const more = server.tail().find((line) => line.includes('DETAIL:')) ?? '';
    const said = [why, more].map((line) => line.replace(/^.*(?:FATAL|DETAIL):\s*/, ''));
    throw notStarted(options.dataDir, said.join('. '), cause);
  }
}
