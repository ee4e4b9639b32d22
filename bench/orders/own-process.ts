import { type Process, startProcess, untilReady } from '../../stack/process.ts';

export interface OwnProcess {
  readonly name: string;
  /** A file that Node runs. */
  readonly file: string;
  readonly args?: readonly string[];
  /** Beside this process's. */
  readonly env: Readonly<Record<string, string>>;
  readonly logFile: string;
  /** Told of each line it writes. */
  readonly onLine?: (line: string) => void;
}

const READY_MS = 30_000;

/**
 * Starts a process of the bench, and resolves once it has written the line `ready`. The
 * caller stops it; where this rejects it has been stopped.
 */
export async function startOwn(
  { name, file, args = [], env, logFile, onLine }: OwnProcess,
  signal: AbortSignal,
): Promise<Process> {
  let ready = false;
  const child = await startProcess({
    name,
    command: process.execPath,
    args: [file, ...args],
    env: { ...process.env, ...env },
    logFile,
    onLine: (line) => {
      ready ||= line === 'ready';
      onLine?.(line);
    },
  });
  await untilReady(child, () => ready, { stillMs: READY_MS }, signal);
  return child;
}
