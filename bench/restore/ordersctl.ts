/** `ordersctl` as its users run it, and what it needed. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import type { Stack } from '../../stack/stack.ts';

export interface Ran {
  readonly code: number;
  /** What it printed with `--json`; undefined if that is no JSON. */
  readonly found: unknown;
  readonly seconds: number;
  /** The most memory that it held; 0 where the system does not tell. */
  readonly peakMb: number;
}

const MAIN = join(import.meta.dirname, '../../cli/main.ts');
const LOOK_MS = 100;

/**
 * Runs it with `--json` on the servers of `stack`. Its progress and its errors go to standard
 * error. Aborting the signal ends it, and this rejects with the signal's reason.
 */
export async function ordersctl(
  stack: Pick<Stack, 'addresses' | 'credentialsDir'>,
  args: readonly string[],
  signal: AbortSignal,
): Promise<Ran> {
  signal.throwIfAborted();
  const begunAt = performance.now();
  const child = spawn(process.execPath, [MAIN, ...args, '--json'], {
    env: { ...process.env, ...stack.addresses, CREDENTIALS_DIR: stack.credentialsDir },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const end = () => child.kill();
  signal.addEventListener('abort', end, { once: true });
  let peakMb = 0;
  const looking = setInterval(() => {
    peakMb = Math.max(peakMb, peakOf(child.pid ?? 0));
  }, LOOK_MS);
  try {
    const [stdout, [code]] = await Promise.all([text(child.stdout), once(child, 'exit')]);
    signal.throwIfAborted();
    const seconds = (performance.now() - begunAt) / 1_000;
    return { code: Number(code ?? -1), found: parsed(stdout), seconds, peakMb };
  } finally {
    clearInterval(looking);
    signal.removeEventListener('abort', end);
  }
}

function peakOf(pid: number): number {
  try {
    const [, kilobytes = '0'] =
      /^VmHWM:\s+(\d+)/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8')) ?? [];
    return Number(kilobytes) / 1_024;
  } catch {
    // It has ended, or this is no Linux.
    return 0;
  }
}

function parsed(json: string): unknown {
  try {
    return JSON.parse(json);
  } catch {
    return undefined;
  }
}
