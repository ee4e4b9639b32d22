/** The result of several rounds: the median, the worst and the best. */
export interface Spread {
  readonly median: number;
  readonly min: number;
  readonly max: number;
}

/** Throws RangeError for no values at all: a row without a round is a fault of the bench. */
export function spreadOf(values: readonly number[]): Spread {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = sorted.length / 2;
  const upper = sorted[Math.floor(middle)];
  const lower = sorted[Math.ceil(middle) - 1];
  const [min, max] = [sorted[0], sorted.at(-1)];
  if (upper === undefined || lower === undefined || min === undefined || max === undefined) {
    throw new RangeError('No round was measured.');
  }
  return { median: (lower + upper) / 2, min, max };
}
