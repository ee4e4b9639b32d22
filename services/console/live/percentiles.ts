/** How long orders took, lately. */
export interface RecentJourneys {
  /** What ended since the last call, in milliseconds. */
  add(took: readonly number[], nowMs: number): void;
  /** Of the last ten seconds; undefined if nothing ended. */
  percentiles(): { readonly p50: number; readonly p99: number } | undefined;
}

const KEPT_MS = 10_000;

export function recentJourneys(): RecentJourneys {
  let kept: { readonly took: readonly number[]; readonly atMs: number }[] = [];
  return {
    add(took, nowMs) {
      kept = [...kept.filter(({ atMs }) => nowMs - atMs < KEPT_MS), { took, atMs: nowMs }];
    },
    percentiles() {
      const sorted = Float64Array.from(kept.flatMap(({ took }) => took)).sort();
      const [first] = sorted;
      if (first === undefined) return undefined;
      const at = (share: number) => sorted[Math.ceil(share * sorted.length) - 1] ?? first;
      return { p50: at(0.5), p99: at(0.99) };
    },
  };
}
