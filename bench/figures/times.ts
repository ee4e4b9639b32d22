/** The times of one kind of thing, in milliseconds. */
export interface Times {
  readonly p50: number;
  readonly p95: number;
  readonly p99: number;
  readonly max: number;
}

/**
 * Exact, by sorting: the orders of one run are few enough that no histogram has
 * to guess. Undefined for no times at all.
 */
export function timesOf(ms: readonly number[]): Times | undefined {
  if (ms.length === 0) return undefined;
  const sorted = Float64Array.from(ms).sort();
  // The nearest rank: the smallest time that at least this share does not exceed.
  const at = (share: number) => sorted[Math.ceil(share * sorted.length) - 1] ?? 0;
  return { p50: at(0.5), p95: at(0.95), p99: at(0.99), max: at(1) };
}

/** `count` a second over a span of milliseconds; 0 for no span. */
export const perSecond = (count: number, ms: number): number => (ms > 0 ? (count * 1_000) / ms : 0);
