import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, readdir, rename, rm, stat } from 'node:fs/promises';
import { basename, dirname, join, resolve } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { promisify } from 'node:util';
import { toolEnvironment } from './child-environment.ts';
import { claim } from './exclusive.ts';
import { SetupProblem } from './problem.ts';

const run = promisify(execFile);

/** Where tools that the stack fetches for itself are kept; git-ignored. */
export const toolsDir = resolve(import.meta.dirname, '../.tools');

const INSTALL_MS = 10 * 60_000;
// A Java says its version in a tenth of a second, and on a busy machine in a hundred times that.
const LOOK_MS = 60_000;
const MAX_OUTPUT = 16 * 1024 * 1024;

/** What a tool wrote, or why it could not be run: missing, or it failed. */
export type ToolResult =
  | { readonly ok: true; readonly output: string }
  | { readonly ok: false; readonly missing: boolean; readonly reason: string };

export interface ToolOptions {
  /** The whole environment; default: what tools that fetch and build look for. */
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
  { env = toolEnvironment(), deadlineMs = LOOK_MS, signal }: ToolOptions = {},
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
 * whole, by a rename. The lock goes with its owner, and what a killed run left half
 * made is removed. Errors of `install` are passed on; nothing half made is left.
 */
export async function installOnce(installation: Installation): Promise<string> {
  const { target, install, onStart, signal } = installation;
  if (await exists(target)) return target;
  await mkdir(dirname(target), { recursive: true });
  const unlock = await lock(target, signal);
  try {
    if (await exists(target)) return target;
    await removeUnfinished(target);
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
    unlock();
  }
}

async function lock(target: string, signal: AbortSignal | undefined): Promise<() => void> {
  const givesUpAt = performance.now() + INSTALL_MS + LOOK_MS;
  for (;;) {
    const taken = await claim(`installation of ${target}`);
    if ('release' in taken) return taken.release;
    if (performance.now() > givesUpAt) {
      throw new SetupProblem(
        `another run (process ${taken.heldBy ?? 'unknown'}) has been installing ${basename(target)} for too long`,
        'end it',
      );
    }
    await delay(250, undefined, { signal });
  }
}

/** What killed runs left; called under the lock, so nobody works there. */
async function removeUnfinished(target: string): Promise<void> {
  for (const name of await readdir(dirname(target))) {
    if (!name.startsWith(`${basename(target)}.part-`)) continue;
    await rm(join(dirname(target), name), { recursive: true, force: true, maxRetries: 3 });
  }
}

async function exists(path: string): Promise<boolean> {
  return (await stat(path).catch(() => undefined)) !== undefined;
}
