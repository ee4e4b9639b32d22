import { setTimeout as sleep } from 'node:timers/promises';

/**
 * Resolves with the result of `look` as soon as that is neither undefined nor false.
 * Rejects after `withinMs`, with what was awaited and what was last seen or thrown. Tests
 * wait this way: for a condition, never for a time.
 */
export async function eventually<T>(
  what: string,
  look: () => T | Promise<T>,
  withinMs = 10_000,
): Promise<Exclude<T, undefined | false>> {
  const deadline = performance.now() + withinMs;
  let last: unknown;
  for (let pause = 5; ; pause = Math.min(100, pause * 1.5)) {
    try {
      const seen = await look();
      if (seen !== undefined && seen !== false) return seen as Exclude<T, undefined | false>;
      last = seen;
    } catch (error) {
      last = error;
    }
    if (performance.now() > deadline)
      throw new Error(`not within ${withinMs} ms: ${what}`, { cause: last });
    await sleep(pause);
  }
}
