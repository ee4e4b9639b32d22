import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, open, readFile, rename, rm, stat } from 'node:fs/promises';
import { basename, dirname, resolve } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { promisify } from 'node:util';
import { SetupProblem } from './problem.ts';

const run = promisify(execFile);

/** Where tools that the stack fetches for itself are kept; git-ignored. */
export const toolsDir = resolve(import.meta.dirname, '../.tools');

const INSTALL_MS = 10 * 60_000;
const LOOK_MS = 10_000;
const MAX_OUTPUT = 16 * 1024 * 1024;

/** What a tool wrote, or why it could not be run: missing, or it failed. */
export type ToolResult =
  | { readonly ok: true; readonly output: string }
  | { readonly ok: false; readonly missing: boolean; readonly reason: string };

export interface ToolOptions {
  readonly env?: NodeJS.ProcessEnv;
  readonly deadlineMs?: number;
  readonly signal?: AbortSignal | undefined;
}

/**
 * Runs a tool to its end. Never throws: a missing tool, a failing one, one that
 * outlives its deadline (milliseconds) and an aborted one are results, with the last line as the reason.
 */
export async function runTool(
  command: string,
  args: readonly string[],
  { env = process.env, deadlineMs = LOOK_MS, signal }: ToolOptions = {},
): Promise<ToolResult> {
  try {
    const options = { env, timeout: deadlineMs, maxBuffer: MAX_OUTPUT, signal };
    const { stdout, stderr } = await run(command, [...args], options);
    return { ok: true, output: stdout + stderr };
  } catch (error) {
    const {
      code,
      stdout = '',
      stderr = '',
    } = error as NodeJS.ErrnoException & {
      stdout?: string;
      stderr?: string;
    };
    const lines = `${stdout}\n${stderr}`.split('\n').filter((line) => line.trim() !== '');
    // Maven ends its complaint with lines about how to get more of it.
    const telling = lines.findLast((line) => /error|cannot|failed|requires/i.test(line));
    const reason = (telling ?? lines.at(-1) ?? (error as Error).message).trim().slice(0, 300);
    return { ok: false, missing: code === 'ENOENT', reason };
  }
}

/** A file that is fetched or built when it is not there. */
export interface Installation {
  /** The finished file. */
  readonly target: string;
  /** Makes the file inside the given folder and returns its path there. */
  readonly install: (folder: string, options: ToolOptions) => Promise<string>;
  /** Told once, when the work begins, because it takes a minute. */
  readonly onStart?: () => void;
  /** Aborting it gives up, whether working or waiting for another run. */
  readonly signal?: AbortSignal | undefined;
}

/**
 * The target's path, installed first when it is missing. Safe when two runs want
 * it at once: one works under a lock and the other waits for it; the file appears
 * whole, by a rename. A lock whose owner has died is taken over. Errors of
 * `install` are passed on; nothing half made is left.
 */
export async function installOnce(installation: Installation): Promise<string> {
  const { target, install, onStart, signal } = installation;
  if (await exists(target)) return target;
  await mkdir(dirname(target), { recursive: true });
  const unlock = await lock(`${target}.lock`, signal);
  try {
    if (await exists(target)) return target;
    onStart?.();
    const folder = await mkdtemp(`${target}.part-`);
    try {
      await rename(await install(folder, { deadlineMs: INSTALL_MS, signal }), target);
    } finally {
      // Read-only files are what Go's module cache leaves; force removes them too.
      await rm(folder, { recursive: true, force: true });
    }
    return target;
  } finally {
    await unlock();
  }
}

async function lock(path: string, signal: AbortSignal | undefined): Promise<() => Promise<void>> {
  const givesUpAt = performance.now() + INSTALL_MS + LOOK_MS;
  for (;;) {
    try {
      const file = await open(path, 'wx');
      await file.write(String(process.pid));
      await file.close();
      return () => rm(path, { force: true });
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
    }
    if (await ownerIsGone(path)) await rm(path, { force: true });
    else if (performance.now() > givesUpAt) {
      throw new SetupProblem(
        `another run has been installing ${basename(path, '.lock')} for too long`,
        `end it, or remove ${path}`,
      );
    } else await delay(250, undefined, { signal });
  }
}

async function ownerIsGone(path: string): Promise<boolean> {
  const pid = Number(await readFile(path, 'utf8').catch(() => ''));
  // Not yet written, or already removed: look again.
  if (pid === 0) return false;
  try {
    process.kill(pid, 0);
    return false;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'ESRCH';
  }
}

async function exists(path: string): Promise<boolean> {
  return (await stat(path).catch(() => undefined)) !== undefined;
}
