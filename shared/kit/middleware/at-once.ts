/**
 * How many requests may be under way at once so that each is answered about as fast as when
 * few are: more as long as they are, fewer when they get slower, whatever is slow behind the
 * endpoint. Pure; times are milliseconds of one monotonic clock.
 *
 * The idea is TCP Vegas' (Brakmo and Peterson, 1994), as Netflix' concurrency-limits has it
 * for requests; the steps are those of AIMD.
 */
export interface AtOnce {
  /** The limit now; 1 or more. */
  current(): number;
  /** A request took `tookMs` until now, its wait for a turn not included. */
  answered(tookMs: number, nowMs: number): void;
  /** A request had to wait: more would be under way without the limit. */
  reached(): void;
}

/** A round is as long as this at least, in milliseconds, and has so many answers: one alone says little. */
const ROUND_MS = 200;
const ROUND_ANSWERS = 10;
/** Slower than the fastest rounds by this factor is too slow. */
const TOO_SLOW = 1.5;
/** In each round in which even one at a time is too slow, what counts as fast gets slower by this factor: a slower disk is the measure after some minutes. */
const FORGET = 1.01;
const START = 4;
const MOST = 256;
const LESS = 0.7;

export function atOnceByPace(): AtOnce {
  let limit = START;
  let fastMs = Number.POSITIVE_INFINITY;
  let round = { sinceMs: Number.NaN, answers: 0, sumMs: 0, reached: false };
  return {
    current: () => Math.floor(limit),
    reached: () => {
      round.reached = true;
    },
    answered: (tookMs, nowMs) => {
      if (Number.isNaN(round.sinceMs)) round.sinceMs = nowMs;
      round.answers++;
      round.sumMs += tookMs;
      if (round.answers < ROUND_ANSWERS || nowMs - round.sinceMs < ROUND_MS) return;
      const meanMs = round.sumMs / round.answers;
      fastMs = Math.min(fastMs, meanMs);
      const tooSlow = meanMs > fastMs * TOO_SLOW;
      if (tooSlow && limit === 1) fastMs *= FORGET;
      if (tooSlow) limit = Math.max(1, limit * LESS);
      else if (round.reached) limit = Math.min(MOST, limit + 1);
      round = { sinceMs: nowMs, answers: 0, sumMs: 0, reached: false };
    },
  };
}
