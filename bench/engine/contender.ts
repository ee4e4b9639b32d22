import { setImmediate as nextTurn } from 'node:timers/promises';
import { type Step, steps } from './workload.ts';

/** The result of one round. */
export interface Sample {
  /** How many were done in the round. */
  readonly count: number;
  /** The round's length, in milliseconds. */
  readonly ms: number;
  /** How long each took, in milliseconds. */
  readonly times: readonly number[];
}

/** Something that is measured beside others. */
export interface Contender {
  readonly name: string;
  /** Works for so long, in milliseconds, with so many callers at once. */
  run(callers: number, ms: number): Promise<Sample>;
}

/** A contender whose callers each append one event, wait for the answer, and append the next. */
export function appender(name: string, append: (step: Step) => Promise<unknown>): Contender {
  return {
    name,
    run: (callers, ms) =>
      measure(callers, ms, () => {
        const own = steps();
        return () => append(own.next().value);
      }),
  };
}

/**
 * Lets `callers` work side by side until the time is over; what is then still
 * under way is waited for and not counted. `caller` makes one caller's work,
 * which resolves when one piece is done.
 */
export async function measure(
  callers: number,
  ms: number,
  caller: () => () => Promise<unknown>,
): Promise<Sample> {
  const times: number[] = [];
  const began = performance.now();
  const end = began + ms;
  await Promise.all(
    Array.from({ length: callers }, async () => {
      const work = caller();
      for (let now = performance.now(); now < end; ) {
        await work();
        const done = performance.now();
        if (done <= end) times.push(done - now);
        now = done;
      }
    }),
  );
  // What they left behind is not the next one's to clear away.
  await nextTurn();
  return { count: times.length, ms, times };
}
