import { type ChildProcess, spawn } from 'node:child_process';
import { serverEnvironment } from './child-environment.ts';
import { guard } from './guard.ts';
import { LogFile } from './log-file.ts';
import { type Patience, watchProgress } from './patience.ts';
import { SetupProblem } from './problem.ts';
import { shownLine } from './service-lines.ts';
import { until } from './until.ts';

/** What to run. Only name and command are needed. */
export interface ProcessOptions {
  /** Shown in front of its lines and in errors. */
  readonly name: string;
  readonly command: string;
  readonly args?: readonly string[];
  /** The whole environment; default: that of a server, without anything of the user's. */
  readonly env?: NodeJS.ProcessEnv;
  readonly cwd?: string;
  /** Run as this user; only root may ask for it. */
  readonly user?: { readonly uid: number; readonly gid: number } | undefined;
  /** Everything it writes is appended here. */
  readonly logFile?: string | undefined;
  /** Called for each whole line of stdout and stderr. */
  readonly onLine?: ((line: string) => void) | undefined;
  /** Default SIGTERM. */
  readonly stopSignal?: NodeJS.Signals;
  /** From the stop signal to SIGKILL, in milliseconds; default 10,000. */
  readonly stopDeadlineMs?: number;
}

/** How it ended; one of the two is set. */
export interface Exit {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

/** A child process that was started and is owned by its caller. */
export interface Process {
  readonly name: string;
  readonly pid: number;
  readonly running: boolean;
  /** Resolves once when it has ended and its output has been read; never rejects. */
  readonly exited: Promise<Exit>;
  /** The last lines it wrote, oldest first; at most 20. */
  readonly tail: () => readonly string[];
  /** How many lines it wrote. */
  readonly lines: () => number;
  /** Sends a signal. Harmless after the end. SIGKILL goes to its whole group. */
  readonly kill: (signal: NodeJS.Signals) => void;
  /** Asks it to stop, waits for the deadline, then kills. May be called twice. */
  readonly stop: () => Promise<Exit>;
}

const TAIL_LINES = 20;
const MAX_LINE = 64 * 1024;

/** Seldom after a while: each look costs a busy machine something. */
const everyMs = (waitedMs: number) => Math.min(500, 50 + waitedMs / 20);

/**
 * Starts a child in its own process group, so that a terminal's Ctrl-C reaches
 * only us and the children can be stopped in order. Resolves once it runs, which
 * is not yet "ready": see {@link untilReady}. Rejects with a `SetupProblem` when
 * the command cannot be run at all.
 */
export async function startProcess(options: ProcessOptions): Promise<Process> {
  const { name, command, stopSignal = 'SIGTERM', stopDeadlineMs = 10_000 } = options;
  // Before the child, so that a full disk leaves none.
  const log = options.logFile === undefined ? undefined : new LogFile(options.logFile);
  const child = spawn(command, [...(options.args ?? [])], {
    cwd: options.cwd,
    env: options.env ?? serverEnvironment(),
    stdio: ['ignore', 'pipe', 'pipe'],
    detached: true,
    ...options.user,
  });
  if (child.pid !== undefined) alive.set(child, stopSignal);
  guardAll();
  // Not from the 'close' event alone: a grandchild that keeps the pipes open must
  // not make a dead child look alive.
  const exited = new Promise<Exit>((resolve) => {
    child.once('exit', (code, signal) => {
      alive.delete(child);
      guardAll();
      const end = () => resolve({ code, signal });
      child.once('close', end);
      setTimeout(end, 200).unref();
    });
  });
  await new Promise<void>((resolve, reject) => {
    child.once('spawn', resolve);
    child.once('error', (error) => {
      log?.close();
      reject(
        new SetupProblem(
          `${name} could not be started (${(error as NodeJS.ErrnoException).code ?? error.message})`,
          `check that ${command} exists and is executable`,
          { cause: error },
        ),
      );
    });
  });
  const pid = child.pid;
  if (pid === undefined) throw new Error(`${name} runs without a process id.`);

  const tail: string[] = [];
  let count = 0;
  void exited.then(() => log?.close());
  for (const output of [child.stdout, child.stderr]) {
    const lines = splitLines((line) => {
      count += 1;
      tail.push(line);
      if (tail.length > TAIL_LINES) tail.shift();
      options.onLine?.(line);
    });
    output?.setEncoding('utf8');
    output?.on('data', (chunk: string) => {
      log?.write(chunk);
      lines.push(chunk);
    });
    output?.on('end', lines.end);
  }

  const running = () => alive.has(child);
  const kill = (signal: NodeJS.Signals) => {
    if (!running()) return;
    if (signal === 'SIGKILL') killGroup(child);
    else child.kill(signal);
  };
  const stop = async () => {
    kill(stopSignal);
    const timer = setTimeout(() => kill('SIGKILL'), stopDeadlineMs);
    try {
      return await exited;
    } finally {
      clearTimeout(timer);
    }
  };
  return {
    name,
    pid,
    get running() {
      return running();
    },
    exited,
    tail: () => tail,
    lines: () => count,
    kill,
    stop,
  };
}

/**
 * Waits until `check` is true. When the process ends first, patience ends or the signal
 * aborts, the process has been stopped when this rejects; but for the signal, the error
 * quotes what it says of itself, or else the last line it wrote.
 */
export async function untilReady(
  child: Process,
  check: (signal: AbortSignal) => Promise<boolean> | boolean,
  patience: Patience,
  abandon?: AbortSignal | undefined,
): Promise<void> {
  const ended = new AbortController();
  void child.exited.then(() => ended.abort());
  const watch = watchProgress(child, patience);
  const signals = [ended.signal, watch.signal, ...(abandon ? [abandon] : [])];
  try {
    await until(check, { what: child.name, signal: AbortSignal.any(signals), everyMs });
  } catch (cause) {
    const endedItself = !child.running;
    const said = patience.says?.();
    const exit = await child.stop();
    abandon?.throwIfAborted();
    throw new SetupProblem(
      endedItself
        ? `${child.name} stopped before it was ready (${describeExit(exit)})`
        : `${child.name} ${watch.signal.reason}`,
      endedItself || said === undefined
        ? `its last line was: ${lastWord(child) ?? '(nothing)'}`
        : `it says: ${said}`,
      { cause },
    );
  } finally {
    watch.stop();
  }
}

/** The last line of `child` as people read it; of warnings and worse where not of `all`. */
export function lastWord(child: Process, all = true): string | undefined {
  return child
    .tail()
    .map((line) => shownLine(line, all))
    .findLast((line) => line !== undefined);
}

/** "SIGKILL" or "exit code 1". */
export function describeExit({ code, signal }: Exit): string {
  return signal ?? `exit code ${code}`;
}

/** Cuts text into lines; a line without an end is cut at 64 kB. */
function splitLines(onLine: (line: string) => void) {
  let rest = '';
  return {
    push(chunk: string) {
      const lines = (rest + chunk).split('\n');
      rest = (lines.pop() ?? '').slice(0, MAX_LINE);
      for (const line of lines) onLine(line.trimEnd());
    },
    end() {
      if (rest !== '') onLine(rest);
      rest = '';
    },
  };
}

/**
 * What runs, and the signal that ends it. If the process ends without stopping
 * its children, they are ended: here if it ends by itself, by the guard if it is killed.
 */
const alive = new Map<ChildProcess, NodeJS.Signals>();
process.on('exit', () => {
  for (const child of alive.keys()) killGroup(child);
});

function guardAll(): void {
  guard(new Map(Array.from(alive, ([{ pid = 0 }, signal]) => [pid, signal])));
}

function killGroup(child: ChildProcess): void {
  try {
    if (child.pid !== undefined) process.kill(-child.pid, 'SIGKILL');
  } catch {
    // It ended in the meantime.
  }
}
