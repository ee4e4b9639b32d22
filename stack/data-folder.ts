import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { mkdir, rm } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { SetupProblem } from './problem.ts';
import type { Process } from './process.ts';

/** Where the stack keeps everything that outlives it. */
export interface DataFolder {
  readonly path: string;
  /** A subfolder; not made here. */
  readonly folder: (name: 'postgres' | 'nats') => string;
  /** Where the output of a process goes. */
  readonly logFile: (name: string) => string;
  /** Notes the process id in `run/<name>.pid` for as long as the process lives. */
  readonly recordPid: (child: Process) => void;
  /** Lets another stack have it; done by itself when the process ends. May be called twice. */
  readonly release: () => void;
}

/** On some file systems (/proc is one) making a folder neither succeeds nor fails. */
const OPEN_MS = 10_000;

/**
 * Makes the folder when it is missing, and takes it for this process until that
 * ends: two stacks in one folder would ruin each other's files. Throws a
 * `SetupProblem` when it cannot be used.
 */
export async function openDataFolder(at: string): Promise<DataFolder> {
  const path = resolve(at);
  const late = new AbortController();
  try {
    await Promise.race([
      makeFolders(path),
      sleep(OPEN_MS, undefined, { signal: late.signal }).then(() => {
        throw Object.assign(new Error('no answer'), { code: 'ETIMEDOUT' });
      }),
    ]);
  } catch (cause) {
    throw new SetupProblem(
      `the data folder ${path} cannot be written to (${(cause as NodeJS.ErrnoException).code})`,
      'make room or set STACK_DATA_DIR to another folder',
      { cause },
    );
  } finally {
    late.abort();
  }
  const release = takeFolder(path);
  return {
    path,
    folder: (name) => join(path, name),
    logFile: (name) => join(path, 'logs', `${name.toLowerCase()}.log`),
    recordPid: (child) => {
      const file = join(path, 'run', `${child.name.toLowerCase()}.pid`);
      writeFileSync(file, `${child.pid}\n`);
      void child.exited.then(() => rmSync(file, { force: true }));
    },
    release,
  };
}

async function makeFolders(path: string): Promise<void> {
  await mkdir(join(path, 'logs'), { recursive: true });
  await mkdir(join(path, 'run'), { recursive: true });
  const probe = join(path, 'run', `probe-${process.pid}`);
  writeFileSync(probe, 'x');
  await rm(probe);
}

/** Writes our process id into the lock file, if nobody who lives holds it; returns what removes it. */
function takeFolder(path: string): () => void {
  const file = join(path, 'run', 'stack.lock');
  for (let attempt = 1; ; attempt++) {
    try {
      writeFileSync(file, `${process.pid}\n`, { flag: 'wx' });
      const release = () => {
        process.off('exit', release);
        rmSync(file, { force: true });
      };
      process.once('exit', release);
      return release;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
    }
    const holder = Number.parseInt(readFileSync(file, 'utf8'), 10);
    if (attempt > 1 || isAlive(holder)) {
      throw new SetupProblem(
        `another stack (process ${holder}) uses the data folder ${path}`,
        'stop it, or set STACK_DATA_DIR to another folder',
      );
    }
    rmSync(file, { force: true });
  }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}
