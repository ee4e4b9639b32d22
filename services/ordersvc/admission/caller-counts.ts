/** How many orders of each caller there are. Keeps nothing of a caller that has none. Pure. */
export interface CallerCounts {
  /** `orders` more of this caller; negative: fewer. */
  add(caller: string, orders: number): void;
  of(caller: string): number;
  /** Callers that have some. */
  callers(): number;
  total(): number;
  entries(): Iterable<readonly [caller: string, orders: number]>;
}

export function callerCounts(): CallerCounts {
  const counts = new Map<string, number>();
  let total = 0;
  return {
    add: (caller, orders) => {
      const left = (counts.get(caller) ?? 0) + orders;
      total += orders;
      if (left === 0) counts.delete(caller);
      else counts.set(caller, left);
    },
    of: (caller) => counts.get(caller) ?? 0,
    callers: () => counts.size,
    total: () => total,
    entries: () => counts.entries(),
  };
}
