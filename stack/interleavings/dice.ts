/** Random choices that a seed decides: the same seed, the same choices. */
export interface Dice {
  /** True with probability `p`. */
  chance(p: number): boolean;
  /** A whole number from 0 to n − 1. */
  below(n: number): number;
  /** One of them; undefined if there is none. */
  pick<T>(items: readonly T[]): T;
}

/** Mulberry32, by Tommy Ettinger: 32 bits of state are enough for telling worlds apart. */
export function dice(seed: number): Dice {
  let state = seed >>> 0;
  const next = (): number => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = state;
    t = Math.imul(t ^ (t >>> 15), t | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
  return {
    chance: (p) => next() < p,
    below: (n) => Math.floor(next() * n),
    pick: (items) => items[Math.floor(next() * items.length)] as (typeof items)[number],
  };
}
