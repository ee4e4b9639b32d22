/**
 * `tell`, but not again within `everyMs` of the last time; it is told how often it
 * was left out since.
 */
export function seldom<Args extends readonly unknown[]>(
  everyMs: number,
  tell: (leftOut: number, ...args: Args) => void,
) {
  let toldAt = Number.NEGATIVE_INFINITY;
  let leftOut = 0;
  return (...args: Args): void => {
    const now = performance.now();
    if (now - toldAt < everyMs) {
      leftOut++;
      return;
    }
    toldAt = now;
    tell(leftOut, ...args);
    leftOut = 0;
  };
}
