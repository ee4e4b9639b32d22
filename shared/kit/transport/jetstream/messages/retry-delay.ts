/**
 * Up to this part of the wait is added at random, so that messages that failed together
 * do not return together.
 */
const JITTER = 0.25;

/**
 * Milliseconds until a message that was delivered `deliveries` times is
 * delivered again: the wait in `delaysMs` for that delivery (the last one for
 * all further), or `atLeastMs` where the error asked for more, and jitter.
 */
export function retryDelay(
  delaysMs: readonly number[],
  deliveries: number,
  atLeastMs = 0,
  random: () => number = Math.random,
): number {
  const configured = delaysMs[Math.min(deliveries, delaysMs.length) - 1] ?? 1_000;
  const delay = Math.max(configured, atLeastMs);
  return Math.ceil(delay * (1 + random() * JITTER));
}
