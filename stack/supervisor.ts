import { setTimeout as delay } from 'node:timers/promises';
import { describeProblem } from './problem.ts';
import { describeExit, type Exit, type Process } from './process.ts';

export interface SupervisorOptions {
  readonly name: string;
  /**
   * Starts it again and resolves once it is ready. When it rejects, or the signal
   * aborts, it leaves nothing running.
   */
  readonly launch: (signal: AbortSignal) => Promise<Process>;
  /** Told each time it has become ready; how long that took, in milliseconds. */
  readonly onReady?: (tookMs: number) => void;
  /** Told each time it ended or did not come up: `died (SIGKILL)`, and when it is tried again. */
  readonly onRestart?: (what: string, inMs: number) => void;
  /** Tries of `start` before it rejects; default 1. Later deaths have no limit. */
  readonly startAttempts?: number;
  /** Whether a `start` that failed so is worth its further attempts; default: always. */
  readonly worthAnother?: (error: unknown) => boolean;
  /** Wait before the first restart; each further one doubles it. Default 250. */
  readonly firstDelayMs?: number;
  /** The same after a start that failed; default `firstDelayMs`. */
  readonly firstFailureDelayMs?: number;
  /** Default 10,000. */
  readonly longestDelayMs?: number;
  /** One that was ready for so long begins again at the first delay; default 30,000. */
  readonly stableMs?: number;
}

/** Keeps one process running. */
export interface Supervisor {
  readonly name: string;
  /** The process that runs now, if one does. */
  readonly process: Process | undefined;
  /** Resolves when it is ready for the first time; then keeps it running. */
  readonly start: () => Promise<void>;
  /** Sends a signal; when that ends the process, it is started again. */
  readonly kill: (signal: NodeJS.Signals) => void;
  /** Ends it and keeps it down, until `start` is called again. May be called twice. */
  readonly stop: () => Promise<void>;
}

/**
 * Supervises one process: whatever dies is started again, after a wait that
 * doubles from death to death up to a cap, and has jitter so that processes that
 * died together do not come back together.
 */
export function supervise(options: SupervisorOptions): Supervisor {
  const { startAttempts = 1, worthAnother = () => true, stableMs = 30_000 } = options;
  let current: Process | undefined;
  let life: { readonly end: AbortController; work: Promise<void> } | undefined;

  async function launch(signal: AbortSignal): Promise<void> {
    const began = performance.now();
    const child = await options.launch(signal);
    current = child;
    // Stopped in the very moment it became ready: stop() has not seen this one.
    if (signal.aborted) await child.stop();
    signal.throwIfAborted();
    options.onReady?.(performance.now() - began);
  }

  /** Launches until it works or the attempts are used up; the last error is thrown. */
  async function insist(signal: AbortSignal, firstDeath: number, attempts: number) {
    const lasting = attempts === Number.POSITIVE_INFINITY;
    for (let death = firstDeath; ; death += 1) {
      try {
        await launch(signal);
        return death;
      } catch (error) {
        signal.throwIfAborted();
        if (death - firstDeath + 1 >= attempts || !(lasting || worthAnother(error))) throw error;
        const { firstFailureDelayMs: firstDelayMs = options.firstDelayMs } = options;
        const ms = restartDelay(death, { ...options, ...(firstDelayMs && { firstDelayMs }) });
        await pause(signal, `did not start: ${describeProblem(error)}`, ms);
      }
    }
  }

  async function pause(signal: AbortSignal, what: string, ms: number): Promise<void> {
    options.onRestart?.(what, ms);
    await delay(ms, undefined, { signal });
  }

  async function keep(signal: AbortSignal): Promise<void> {
    for (let death = 0; ; ) {
      const since = performance.now();
      const exit = await current?.exited;
      if (exit === undefined || signal.aborted) return;
      if (performance.now() - since > stableMs) death = 0;
      await pause(signal, ending(exit), restartDelay(death, options));
      death = await insist(signal, death + 1, Number.POSITIVE_INFINITY);
    }
  }

  return {
    name: options.name,
    get process() {
      return current?.running ? current : undefined;
    },
    async start() {
      if (life !== undefined) throw new Error(`${options.name} is already started.`);
      const end = new AbortController();
      const first = insist(end.signal, 0, startAttempts);
      const own = { end, work: first.then(() => keep(end.signal)).catch(() => {}) };
      life = own;
      try {
        await first;
      } catch (error) {
        if (life === own) life = undefined;
        throw error;
      }
    },
    kill: (signal) => current?.kill(signal),
    async stop() {
      const ending = life;
      if (ending === undefined) return;
      ending.end.abort();
      await current?.stop();
      await ending.work;
      if (life === ending) life = undefined;
    },
  };
}

/** Nobody need look for the fault of one that was asked to end, and did. */
function ending(exit: Exit): string {
  return exit.code === 0 ? 'ended in order' : `died (${describeExit(exit)})`;
}

/** The wait before restart number `death` (from 0): doubling, capped, half of it random. */
export function restartDelay(
  death: number,
  {
    firstDelayMs = 250,
    longestDelayMs = 10_000,
  }: Pick<SupervisorOptions, 'firstDelayMs' | 'longestDelayMs'> = {},
): number {
  const full = Math.min(longestDelayMs, firstDelayMs * 2 ** death);
  return Math.round(full / 2 + (Math.random() * full) / 2);
}
