import type { Contender } from './contender.ts';

/** Reads after a position, and yields after each piece how many events it held. */
export type Reading = (after: bigint) => AsyncIterable<number>;

const PASS = 20_000;

/**
 * A contender that reads a log of `events` events from places of its choice
 * until the time is over, and counts events. From one place it reads `pass`
 * events, or to the log's end. Leaving the loop ends the reading.
 */
export function logReader(name: string, events: number, read: Reading, pass = PASS): Contender {
  return {
    name,
    run: async (_callers, ms) => {
      const end = performance.now() + ms;
      let count = 0;
      while (performance.now() < end) {
        const after = BigInt(Math.floor(Math.random() * Math.max(1, events - pass)));
        let passed = 0;
        for await (const piece of read(after)) {
          if (performance.now() > end) break;
          passed += piece;
          if (passed >= pass) break;
        }
        // A reading of nothing would count as infinitely fast.
        if (passed === 0 && performance.now() < end) throw new Error(`${name} read nothing.`);
        count += passed;
      }
      return { count, ms, times: [] };
    },
  };
}
