import { setTimeout as delay } from 'node:timers/promises';

/** How long and how often to look. Milliseconds. */
export interface UntilOptions {
  /** Named in the error when the deadline passes. */
  readonly what: string;
  /** None: until the signal aborts. */
  readonly deadlineMs?: number;
  /** Pause between two looks, or what it is after so long; default 50. */
  readonly everyMs?: number | ((waitedMs: number) => number);
  readonly signal?: AbortSignal;
}

/**
 * Calls `check` until it returns something other than `undefined` or `false`,
 * and returns that. A throwing check counts as "not yet"; its last error is the
 * cause of the error thrown when the deadline passes. Rejects at once when the
 * signal aborts, with the signal's reason.
 */
export async function until<T>(
  check: (signal: AbortSignal) => Promise<T | false | undefined> | T | false | undefined,
  { what, deadlineMs, everyMs = 50, signal }: UntilOptions,
): Promise<T> {
  const deadline = deadlineMs === undefined ? [] : [AbortSignal.timeout(deadlineMs)];
  const either = AbortSignal.any([...deadline, ...(signal ? [signal] : [])]);
  const began = performance.now();
  let cause: unknown;
  while (!either.aborted) {
    try {
      const result = await check(either);
      if (result !== undefined && result !== false) return result;
    } catch (error) {
      cause = error;
    }
    const pause = typeof everyMs === 'number' ? everyMs : everyMs(performance.now() - began);
    await delay(pause, undefined, { signal: either }).catch(() => {});
  }
  signal?.throwIfAborted();
  throw new Error(`${what}: not within ${deadlineMs} ms`, { cause });
}

/** True when a GET of `url` is answered with a 2xx. Never throws. */
export async function answers(url: string, signal: AbortSignal): Promise<boolean> {
  try {
    const response = await fetch(url, { signal });
    await response.body?.cancel();
    return response.ok;
  } catch {
    return false;
  }
}
