/** The results of requested replays. */
import { setTimeout as delay } from 'node:timers/promises';
import type { ParkedLetter } from '../shared/eventstore/dead-letters.ts';
import type { EventStore } from '../shared/eventstore/event-store.ts';
import { background } from '../shared/kit/context.ts';

/**
 * `served`: the letter is resolved. `parked again`: its consumer failed once
 * more, and the letter has the new reason. `given up`: it reached the
 * delivery limit without an answer. `closed`: somebody closed it meanwhile.
 * `waiting`: no result yet.
 */
export type ReplayOutcome = 'served' | 'parked again' | 'given up' | 'closed' | 'waiting';

const LOOK_MS = 250;
/** The most letters of one query. */
const AT_ONCE = 1_000;

/** The result that the state of a letter shows after its replay was requested. */
export function outcomeOf(letter: ParkedLetter): ReplayOutcome {
  switch (letter.state) {
    case 'resolved':
      return 'served';
    case 'closed':
      return 'closed';
    case 'requested':
      return 'waiting';
    case 'parked':
      // Parking removes the request; a request that remains was taken and never finished.
      return letter.replayRequestedAt === undefined ? 'parked again' : 'given up';
  }
}

/**
 * Waits, `waitMs` at most, until all `letters` (of one consumer) have a result, and passes each
 * to `settled` as soon as it has one; those without one at the end.
 */
export async function awaitReplays(
  store: Pick<EventStore, 'deadLetters'>,
  letters: readonly ParkedLetter[],
  waitMs: number,
  settled: (letter: ParkedLetter, outcome: ReplayOutcome) => void,
): Promise<void> {
  const ctx = background();
  const deadline = performance.now() + waitMs;
  const waiting = new Map(letters.map((letter) => [`${letter.position}`, letter]));
  for (;;) {
    const asked = [...waiting.values()];
    for (let from = 0; from < asked.length; from += AT_ONCE) {
      const page = asked.slice(from, from + AT_ONCE);
      const eventIds = page.map(({ eventId }) => eventId);
      const consumer = page[0]?.consumer ?? '';
      for (const letter of await store.deadLetters(ctx, { consumer, eventIds, limit: AT_ONCE })) {
        const key = `${letter.position}`;
        if (!waiting.has(key)) continue;
        waiting.set(key, letter);
        const outcome = outcomeOf(letter);
        if (outcome === 'waiting') continue;
        waiting.delete(key);
        settled(letter, outcome);
      }
    }
    const left = deadline - performance.now();
    if (waiting.size === 0 || left <= 0) break;
    await delay(Math.min(LOOK_MS, left));
  }
  for (const letter of waiting.values()) settled(letter, 'waiting');
}
