/** Customers who come at a steady rate, whatever happens, and ask once more at the most. */
import { setTimeout as delay } from 'node:timers/promises';
import { type Times, timesOf } from '../../bench/figures/times.ts';
import { eventTypes } from '../../shared/contracts/events.ts';
import { background } from '../../shared/kit/context.ts';
import { eventually } from '../../shared/testing/eventually.ts';
import { now } from '../chaos/clock.ts';
import type { OrderStack } from './order-stack.ts';
import { checked, wish } from './patient-client.ts';

/** An order that was accepted. */
export interface Accepted {
  readonly orderId: string;
  readonly amountMinor: number;
  /** When it was due to be sent; of `now()` in chaos/clock.ts. */
  readonly dueAt: number;
}

export interface SteadyReport {
  readonly accepted: readonly Accepted[];
  /** What customers heard who had asked twice and have no order. */
  readonly failed: readonly string[];
  /** What the first answer was where they had to ask twice. */
  readonly repeated: readonly string[];
  /** Orders a second that were accepted, over the time in which they were due. */
  readonly perSecond: number;
}

const ATTEMPT_MS = 10_000;
const PAUSE_MS = 250;
const COMES_WITHIN_MS = 30_000;
/**
 * With so many at once the machine is too slow for the rate, and customers are late. Of a rate
 * that it could not keep, more of them would wait for longer than an attempt takes.
 */
const MOST_AT_ONCE = 100;

/**
 * Sends orders to `url`, `perSecond` of them, while `harm` is done, which begins when they come,
 * and resolves when all have their answers. A customer whose request gets no answer, or one that
 * says to come again, sends it once more with the same Idempotency-Key, as late as it is told.
 */
export async function ordersDuring(
  url: string,
  perSecond: number,
  harm: (accepted: () => number) => Promise<void>,
): Promise<SteadyReport> {
  const accepted: Accepted[] = [];
  const failed: string[] = [];
  const repeated: string[] = [];
  const open = new Set<Promise<void>>();
  const stopping = new AbortController();
  const beganAt = now();

  async function customer(n: number, dueAt: number): Promise<void> {
    const asked = wish(n);
    let answer = await post(url, asked);
    if (answer.status !== 201) {
      repeated.push(answer.text);
      await delay(answer.retryAfterMs ?? PAUSE_MS);
      answer = await post(url, asked);
    }
    if (answer.status !== 201) return void failed.push(answer.text);
    const { amountMinor } = asked;
    accepted.push({ orderId: checked(asked, answer.text), amountMinor, dueAt });
  }

  const sending = (async () => {
    for (let n = 0; !stopping.signal.aborted; n += 1) {
      const dueAt = beganAt + (n * 1_000) / perSecond;
      const early = dueAt - now();
      if (early > 0) await delay(early, undefined, { signal: stopping.signal }).catch(() => {});
      if (stopping.signal.aborted) return;
      if (open.size >= MOST_AT_ONCE) await Promise.race(open);
      const one = customer(n, dueAt)
        .catch((error: Error) => void failed.push(error.message))
        .finally(() => open.delete(one));
      open.add(one);
    }
  })();

  try {
    await eventually('orders come', () => accepted.length > perSecond / 2, COMES_WITHIN_MS);
    await harm(() => accepted.length);
  } finally {
    stopping.abort();
    await sending;
  }
  const tookMs = now() - beganAt;
  await Promise.all(open);
  return { accepted, failed, repeated, perSecond: (accepted.length * 1_000) / tookMs };
}

interface Answered {
  /** 0: there was no answer. */
  readonly status: number;
  readonly text: string;
  readonly retryAfterMs?: number;
}

async function post(url: string, { key, body }: ReturnType<typeof wish>): Promise<Answered> {
  try {
    const response = await fetch(`${url}/api/orders`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', 'idempotency-key': key },
      body,
      signal: AbortSignal.timeout(ATTEMPT_MS),
    });
    const told = Number(response.headers.get('retry-after') ?? Number.NaN);
    const text = await response.text();
    return {
      status: response.status,
      text: response.status === 201 ? text : `${response.status} ${text}`,
      ...(told > 0 && { retryAfterMs: 1_000 * told }),
    };
  } catch (error) {
    return { status: 0, text: `no answer: ${((error as Error).cause ?? error) as Error}` };
  }
}

/** From when an order was due until the log has it approved, in milliseconds. */
export async function journeys(
  stack: OrderStack,
  accepted: readonly Accepted[],
): Promise<Times | undefined> {
  const dueAt = new Map(accepted.map((one) => [one.orderId, one.dueAt]));
  const took: number[] = [];
  const ctx = background();
  for await (const events of await stack.store.batches(ctx, {})) {
    for (const { eventType, aggregateId, createdAt } of events) {
      const due = dueAt.get(aggregateId);
      if (eventType !== eventTypes.approved || due === undefined) continue;
      took.push(Math.max(0, createdAt.getTime() - due));
    }
  }
  return timesOf(took);
}

/** A line that says what a run was like. Only a person judges it: machines differ. */
export function runLine({ accepted, repeated, perSecond }: SteadyReport, times?: Times): string {
  const ms = (value: number | undefined) => (value === undefined ? '–' : `${Math.round(value)} ms`);
  return `${accepted.length} orders at ${Math.round(perSecond)} a second, ${repeated.length} sent twice; journey p50 ${ms(times?.p50)}, p99 ${ms(times?.p99)}, longest ${ms(times?.max)}`;
}
