/** A customer who asks with an idempotency key until there is an answer, and checks it. */
import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';

/** What is asked for. */
export interface Wish {
  readonly key: string;
  readonly customerId: string;
  /** In cents, and odd, so that no two lines cancel out. */
  readonly amountMinor: number;
  readonly body: string;
}

/** A fresh wish number `n`, of two lines; no sum is the same as its neighbours'. */
export function wish(n: number): Wish {
  const customerId = `customer-${randomUUID()}`;
  const priceMinor = 701 + 200 * (n % 500);
  const first = { code: 'pizza', name: `Pizza № ${n}`, unit_price: priceMinor / 100, quantity: 3 };
  const second = { code: 'water', name: 'Water', unit_price: 1.1, quantity: 2 };
  return {
    key: randomUUID(),
    customerId,
    amountMinor: 3 * priceMinor + 220,
    body: JSON.stringify({
      customer_id: customerId,
      restaurant_id: 'trattoria',
      order_items: [first, second],
    }),
  };
}

export interface Attempts {
  /** How often no answer came, or one that says to come again. */
  failed: number;
}

const GIVE_UP_MS = 60_000;
const ATTEMPT_MS = 10_000;

/**
 * Posts the wish until there is an answer, and resolves with the order's id. The
 * answer must be what was asked for. What is neither an order nor an invitation
 * to come again is an error, for a customer could do nothing with it.
 */
export async function placePatiently(
  httpUrl: string,
  asked: Wish,
  attempts: Attempts = { failed: 0 },
): Promise<string> {
  const givesUpAt = performance.now() + GIVE_UP_MS;
  for (;;) {
    const answer = await post(httpUrl, asked);
    if (answer !== undefined && ![429, 503, 504].includes(answer.status)) {
      assert.equal(answer.status, 201, answer.text);
      return checked(asked, answer.text);
    }
    attempts.failed++;
    if (performance.now() > givesUpAt) {
      throw new Error(`no answer within ${GIVE_UP_MS} ms; the last: ${answer?.text ?? 'none'}`);
    }
    await sleep(50 + Math.random() * 100);
  }
}

async function post(httpUrl: string, { key, body }: Wish) {
  try {
    const response = await fetch(`${httpUrl}/api/orders`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', 'idempotency-key': key },
      body,
      signal: AbortSignal.timeout(ATTEMPT_MS),
    });
    return { status: response.status, text: await response.text() };
  } catch {
    return undefined;
  }
}

/** The order of each customer's key: repeats are answered with it. */
const orderOf = new Map<string, string>();

/** The id of the order that `text` answers `asked` with. */
export function checked(asked: Wish, text: string): string {
  const order = JSON.parse(text);
  const wanted = JSON.parse(asked.body);
  const wish = JSON.stringify([asked.customerId, asked.key]);
  const known = orderOf.get(wish);
  orderOf.set(wish, order.order_id);
  assert.deepEqual(
    [order.order_id, order.status, order.customer_id, order.restaurant_id, order.order_items],
    [
      known ?? order.order_id,
      'Pending',
      asked.customerId,
      wanted.restaurant_id,
      wanted.order_items,
    ],
  );
  assert.equal(Math.round(order.amount * 100), asked.amountMinor);
  return order.order_id;
}
