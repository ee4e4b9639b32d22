import { setTimeout as delay } from 'node:timers/promises';
import type { Contender } from './contender.ts';
import { type Step, steps } from './workload.ts';

/** Something that appends, and somebody else who hears of it. */
export interface Followed {
  append(step: Step): Promise<unknown>;
  /** To be called, with the aggregate's id, as soon as the follower has an event. */
  onEvent: (aggregateId: string) => void;
}

/** Between two appends, in milliseconds: a follower's lag is asked for, and not how much it bears. */
const EVERY_MS = 5;
/** How long the last events may take, in milliseconds. */
const PATIENCE_MS = 5_000;
const LOOK_MS = 10;

/**
 * A contender whose times are lags: from the answer that an event is committed
 * until the follower has it, in milliseconds; 0 where it had it before the
 * answer came. Each aggregate gets one event. Throws where an event does not come.
 */
export function lagOf(name: string, followed: Followed): Contender {
  return {
    name,
    run: async (_callers, ms) => {
      const answered = new Map<string, number>();
      const heard = new Map<string, number>();
      followed.onEvent = (id) => void (heard.has(id) || heard.set(id, performance.now()));
      const end = performance.now() + ms;
      while (performance.now() < end) {
        const step = steps().next().value;
        await followed.append(step);
        answered.set(step.aggregateId, performance.now());
        await delay(EVERY_MS);
      }
      const missing = () => [...answered.keys()].filter((id) => !heard.has(id)).length;
      for (const since = performance.now(); missing() > 0; await delay(LOOK_MS)) {
        if (performance.now() - since > PATIENCE_MS) {
          throw new Error(`${name}: ${missing()} of ${answered.size} events did not come.`);
        }
      }
      followed.onEvent = () => {};
      const times = [...answered].map(([id, at]) => Math.max(0, (heard.get(id) ?? 0) - at));
      return { count: times.length, ms, times };
    },
  };
}

/** Appends until the follower hears of something: from then on it misses nothing. */
export async function untilFollowing(name: string, followed: Followed): Promise<void> {
  let following = false;
  followed.onEvent = () => {
    following = true;
  };
  const givesUpAt = performance.now() + PATIENCE_MS;
  while (!following) {
    if (performance.now() > givesUpAt) throw new Error(`${name} does not follow.`);
    await followed.append(steps().next().value);
    await delay(LOOK_MS);
  }
  followed.onEvent = () => {};
}
