/**
 * Time and chance that a seed decides. The handlers pause with jitter before
 * they try again; with real timers one seed would live a different world each time.
 */
import { syncBuiltinESMExports } from 'node:module';
import { mock } from 'node:test';

/**
 * Runs `work` under timers that move by one millisecond whenever nothing else can,
 * with `random` in the place of `Math.random`. One at a time in a process: both are
 * the process's own, and are put back in the end.
 */
export async function inVirtualTime<T>(random: () => number, work: () => Promise<T>): Promise<T> {
  const { random: trueRandom } = Math;
  mock.timers.enable({ apis: ['setTimeout'] });
  // Modules that imported a timer by its name get the new one only by this.
  syncBuiltinESMExports();
  Math.random = random;
  let ended = false;
  try {
    const working = work().finally(() => {
      ended = true;
    });
    // Who fails is heard below.
    working.catch(() => undefined);
    while (!ended) {
      await new Promise((resolve) => setImmediate(resolve));
      mock.timers.tick(1);
    }
    return await working;
  } finally {
    Math.random = trueRandom;
    mock.timers.reset();
    syncBuiltinESMExports();
  }
}
