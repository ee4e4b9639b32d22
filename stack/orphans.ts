import { basename } from 'node:path';
import { SetupProblem } from './problem.ts';
import { commandLine, commandName, runningPids, startedWith } from './proc.ts';
import { until } from './until.ts';

// Whatever `make start` starts carries this variable, down to the compiler that a
// `go install` runs. A number from a pid file could by now be another process's;
// what stands in a process's own environment cannot.
export const CHILD_MARK = 'STACK_CHILD_OF';

const STOP_MS = 10_000;
const KILL_MS = 5_000;

/** The variable that marks children of the stack in this folder, to be put into their environment. */
export function childMark(folder: string): Readonly<Record<string, string>> {
  return { [CHILD_MARK]: folder };
}

/** The marked processes that run now, this one excepted. */
export function childrenOf(folder: string): number[] {
  return runningPids().filter((pid) => pid !== process.pid && startedWith(pid, CHILD_MARK, folder));
}

/**
 * Ends what a killed stack left running: asks first, kills after `stopMs` (10,000). Call it
 * only while you hold the folder, so that no child of another stack is among them.
 * Says in one line what it ended. Throws a `SetupProblem` if one does not end.
 */
export async function endOrphans(
  folder: string,
  say: (text: string) => void,
  {
    signal,
    stopMs = STOP_MS,
  }: { readonly signal?: AbortSignal | undefined; readonly stopMs?: number } = {},
): Promise<void> {
  const orphans = childrenOf(folder);
  if (orphans.length === 0) return;
  const names = orphans.map((pid) => `${commandName(pid)} (process ${pid})`).join(', ');
  say(`ending processes left by a killed run: ${names}`);
  for (const pid of orphans) send(pid, stopSignal(pid));
  const options = { what: 'their end', ...(signal && { signal }) };
  const allGone = () => childrenOf(folder).length === 0;
  try {
    await until(allGone, { ...options, deadlineMs: stopMs });
  } catch {
    signal?.throwIfAborted();
    for (const pid of childrenOf(folder)) send(pid, 'SIGKILL');
    await until(allGone, { ...options, deadlineMs: KILL_MS }).catch((cause) => {
      signal?.throwIfAborted();
      const [left = 0] = childrenOf(folder);
      throw new SetupProblem(
        `${commandName(left)} (process ${left}), left by a killed run, does not end`,
        `end it: kill -9 ${left}`,
        { cause },
      );
    });
  }
}

/** SIGINT is PostgreSQL's fast shutdown; SIGTERM would wait for its clients. */
function stopSignal(pid: number): NodeJS.Signals {
  return basename(commandLine(pid)[0] ?? '') === 'postgres' ? 'SIGINT' : 'SIGTERM';
}

function send(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal);
  } catch {
    // It ended in the meantime, or belongs to another user: then the wait tells.
  }
}
