import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { chmod, lstat, mkdir, realpath, rm, statfs } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { claim } from './exclusive.ts';
import { asProblem, SetupProblem } from './problem.ts';
import type { Process } from './process.ts';

/** Where the stack keeps everything that outlives it. */
export interface DataFolder {
  readonly path: string;
  /** A subfolder, or a separate one; not created here. */
  readonly folder: (name: 'postgres' | 'nats' | 'nats-cluster', node?: string) => string;
  /** Where the credentials lie, in a folder that only its owner may enter. */
  readonly credentials: string;
  /** Where the output of a process goes. */
  readonly logFile: (name: string) => string;
  /** Notes the process id in `run/<name>.pid`, for people, for as long as the process lives. */
  readonly recordPid: (child: Process) => void;
  /** Lets another stack have it; done by itself when the process ends. May be called twice. */
  readonly release: () => void;
}

/** On some file systems (/proc is one) making a folder neither succeeds nor fails. */
const OPEN_MS = 10_000;

// PostgreSQL takes 1,023 bytes for a file's path, and its own begin below ours.
const LONGEST_PATH = 900;

const MIB = 1024 * 1024;

// In MiB. An empty cluster with our databases takes 90; a used one wants its next WAL files.
const ROOM_NEW = 128;
const ROOM_USED = 32;

/**
 * Makes the folder when it is missing, and takes it for this process until that
 * ends: two stacks in one folder would ruin each other's files. Process ids that a
 * killed stack noted are forgotten. Throws a `SetupProblem` when it cannot be used.
 */
export async function openDataFolder(at: string): Promise<DataFolder> {
  const path = resolve(at);
  const length = Buffer.byteLength(path);
  if (length > LONGEST_PATH) {
    throw new SetupProblem(
      `the path of the data folder is too long (${length} bytes, ${LONGEST_PATH} at most): ${path.slice(0, 40)}…`,
      'set STACK_DATA_DIR to a shorter one',
    );
  }
  await usable(path, makeFolder(path));
  const taken = await claim(`data folder ${await realpath(path)}`);
  if ('heldBy' in taken) {
    throw new SetupProblem(
      `another stack (process ${taken.heldBy ?? 'unknown'}) uses the data folder ${path}`,
      'stop it, or set STACK_DATA_DIR to another folder',
    );
  }
  const { release } = taken;
  try {
    await usable(path, prepare(path));
  } catch (error) {
    release();
    throw error;
  }
  return {
    path,
    folder: (name, node = '') => join(path, name, node.toLowerCase()),
    credentials: join(path, 'credentials'),
    logFile: (name) => join(path, 'logs', `${name.toLowerCase()}.log`),
    recordPid: (child) => {
      const file = join(path, 'run', `${child.name.toLowerCase()}.pid`);
      try {
        writeFileSync(file, `${child.pid}\n`);
      } catch {
        // The note is a courtesy; a full disk must not end the child.
      }
      void child.exited.then(() => rmSync(file, { force: true }));
    },
    release,
  };
}

async function makeFolder(path: string): Promise<void> {
  const made = await mkdir(path, { recursive: true }).catch((error) => {
    // So Node says it of a read-only file system; the plain call has the true reason.
    if (error.code !== 'ENOENT') throw error;
    return mkdir(path).then(() => path);
  });
  // Under a strict umask PostgreSQL's own user could not pass through.
  if (made !== undefined && process.getuid?.() === 0) await chmod(path, 0o755);
}

async function prepare(path: string): Promise<void> {
  await checkRoom(path);
  await mkdir(join(path, 'logs'), { recursive: true });
  await rm(join(path, 'run'), { recursive: true, force: true });
  mkdirSync(join(path, 'run'));
  const probe = join(path, 'run', `probe-${process.pid}`);
  writeFileSync(probe, 'x');
  await rm(probe);
}

/** PostgreSQL on a full disk dies again and again; it is kinder to say so before. */
async function checkRoom(path: string): Promise<void> {
  const { bavail, bsize } = await statfs(path);
  const known = await lstat(join(path, 'postgres')).catch(() => undefined);
  const [room, needed] = [Math.floor((bavail * bsize) / MIB), known ? ROOM_USED : ROOM_NEW];
  if (room >= needed) return;
  throw new SetupProblem(
    `the disk of the data folder ${path} is too full (${room} MiB free, ${needed} needed)`,
    'free disk space, or set STACK_DATA_DIR to another folder',
  );
}

/** The work's result; the system's refusals, and no answer within the time, as a `SetupProblem`. */
async function usable<T>(path: string, work: Promise<T>): Promise<T> {
  const late = new AbortController();
  try {
    return await Promise.race([
      work,
      sleep(OPEN_MS, undefined, { signal: late.signal }).then(() => {
        throw new SetupProblem(
          `the data folder ${path} does not answer`,
          'set STACK_DATA_DIR to another folder',
        );
      }),
    ]);
  } catch (error) {
    throw asProblem(error, `the data folder ${path}`) ?? error;
  } finally {
    late.abort();
  }
}
