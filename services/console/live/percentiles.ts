/** How long orders took, lately. */
export interface RecentJourneys {
  /** What ended in the last second, in milliseconds. */
  add(took: readonly number[]): void;
  /** Of the last seconds; undefined if nothing ended. */
  percentiles(): { readonly p50: number; readonly p99: number } | undefined;
}

export function recentJourneys(seconds = 10): RecentJourneys {
  let kept: (readonly number[])[] = [];
  return {
    add(took) {
      kept = [...kept, took].slice(-seconds);
    },
    percentiles() {
      const sorted = kept.flat().sort((a, b) => a - b);
      const [first] = sorted;
      if (first === undefined) return undefined;
      const at = (share: number) => sorted[Math.ceil(share * sorted.length) - 1] ?? first;
      return { p50: at(0.5), p99: at(0.99) };
    },
  };
}
