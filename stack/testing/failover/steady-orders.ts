/** Customers who come at a steady rate, whatever happens to those before them. */
import { setTimeout as sleep } from 'node:timers/promises';
import { placePatiently, wish } from '../patient-client.ts';

export interface SteadyOptions {
  readonly httpUrl: string;
  readonly perSecond: number;
  /** Told of each order when it is accepted. */
  readonly placed: (orderId: string, amountMinor: number) => void;
}

export interface SteadyResult {
  readonly accepted: number;
  /** Answers that say to come again, and requests without an answer. */
  readonly failed: number;
  /** The longest time in which no order was accepted, in milliseconds. */
  readonly longestPauseMs: number;
  /** How long they came, in milliseconds. */
  readonly lastedMs: number;
}

/** Customers who wait at a time: more would only ask again and again, and come later. */
const MOST_WAITING = 64;
/** Before the harm, and after it. */
const CALM_MS = 3_000;

/**
 * Places orders while `harm` is done, and for a moment before and after. Resolves when all
 * are accepted; rejects if one gets an answer that is no order, or none at all.
 */
export async function steadyOrders(
  { httpUrl, perSecond, placed }: SteadyOptions,
  harm: () => Promise<void>,
): Promise<SteadyResult> {
  const attempts = { failed: 0 };
  const began = performance.now();
  let accepted = 0;
  let acceptedAt = began;
  let longestPauseMs = 0;
  let waiting = 0;
  let n = 0;
  const customers: Promise<void>[] = [];

  async function customer(): Promise<void> {
    waiting++;
    const asked = wish(n++);
    const orderId = await placePatiently(httpUrl, asked, attempts);
    const now = performance.now();
    longestPauseMs = Math.max(longestPauseMs, now - acceptedAt);
    acceptedAt = now;
    accepted++;
    waiting--;
    placed(orderId, asked.amountMinor);
  }
  const arriving = setInterval(() => {
    const due = Math.floor(((performance.now() - began) * perSecond) / 1_000);
    // Who did not come because too many waited comes later.
    for (let one = n; one < due && waiting < MOST_WAITING; one++) customers.push(customer());
  }, 10);
  try {
    await sleep(CALM_MS);
    await harm();
    await sleep(CALM_MS);
  } finally {
    clearInterval(arriving);
    await Promise.all(customers);
  }
  const lastedMs = performance.now() - began;
  return { accepted, failed: attempts.failed, longestPauseMs, lastedMs };
}
