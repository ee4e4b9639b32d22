import { rmSync, writeFileSync } from 'node:fs';
import { mkdir, rm } from 'node:fs/promises';
import { join, resolve } from 'node:path';
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
}

/** Makes the folder when it is missing. Throws a `SetupProblem` when it cannot be used. */
export async function openDataFolder(at: string): Promise<DataFolder> {
  const path = resolve(at);
  try {
    await mkdir(join(path, 'logs'), { recursive: true });
    await mkdir(join(path, 'run'), { recursive: true });
    const probe = join(path, 'run', `probe-${process.pid}`);
    writeFileSync(probe, 'x');
    await rm(probe);
  } catch (cause) {
    throw new SetupProblem(
      `the data folder ${path} cannot be written to (${(cause as NodeJS.ErrnoException).code})`,
      'make room or set STACK_DATA_DIR to another folder',
      { cause },
    );
  }
  return {
    path,
    folder: (name) => join(path, name),
    logFile: (name) => join(path, 'logs', `${name.toLowerCase()}.log`),
    recordPid: (child) => {
      const file = join(path, 'run', `${child.name.toLowerCase()}.pid`);
      writeFileSync(file, `${child.pid}\n`);
      void child.exited.then(() => rmSync(file, { force: true }));
    },
  };
}
