/** Causes one fault after another until stopped, and then heals everything. */
import { setTimeout as delay } from 'node:timers/promises';

/** One harm: done, and undone before it resolves. */
export type Harm = () => Promise<void>;

/** Each of `harms` in turn, with a pause after each, until `ended` is aborted. */
export async function harm(harms: readonly Harm[], ended: AbortSignal): Promise<number> {
  let done = 0;
  while (!ended.aborted) {
    await harms[done++ % harms.length]?.();
    await delay(300, undefined, { signal: ended }).catch(() => undefined);
  }
  return done;
}
