/**
 * `tell`, but at most once within `everyMs`; it gets the number of calls skipped since
 * the last one.
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
