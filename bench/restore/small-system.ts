/** A few thousand real orders, placed over HTTP and followed to their ends. */
import { SetupProblem } from '../../stack/problem.ts';
import type { Stack } from '../../stack/stack.ts';
import { until } from '../../stack/until.ts';
import { ordersctl } from './ordersctl.ts';

/** Who orders where decides how the order ends. */
interface Wish {
  readonly customer?: string;
  readonly restaurant?: string;
  readonly cancelled?: true;
}

/** Seven of ten are approved; the others are rejected, declined and cancelled. */
const wishes: readonly Wish[] = [
  ...Array.from({ length: 7 }, () => ({})),
  { restaurant: 'demo-closed' },
  { customer: 'demo-declined' },
  { restaurant: 'demo-manual', cancelled: true },
];

/** Orders are spread over so many customers. */
const CUSTOMERS = 1_000;
const CALLERS = 16;
const REQUEST_MS = 30_000;
const ENDED_MS = 300_000;

/** Rejects if an order is refused. */
export async function placeOrders(
  url: string,
  count: number,
  onPlaced: (orders: number) => void,
  signal: AbortSignal,
): Promise<void> {
  let next = 0;
  let placed = 0;
  const caller = async () => {
    for (let n = next++; n < count; n = next++) {
      signal.throwIfAborted();
      const wish = wishes[n % wishes.length] ?? {};
      const { order_id: id } = await post(`${url}/api/orders`, orderOf(wish, n), signal);
      if (wish.cancelled) await post(`${url}/api/orders/${id}/cancel`, undefined, signal);
      onPlaced(++placed);
    }
  };
  await Promise.all(Array.from({ length: CALLERS }, caller));
}

/** Resolves once the audit is right and no order is open. */
export async function allEnded(stack: Stack, signal: AbortSignal): Promise<void> {
  const ended = async () => {
    const { code, found } = await ordersctl(stack, ['audit'], signal);
    const { orders } = (found ?? {}) as { readonly orders?: { readonly open: number } };
    return code === 0 && orders?.open === 0;
  };
  await until(ended, { what: 'every order has ended', deadlineMs: ENDED_MS, signal });
}

const orderOf = ({ customer, restaurant = 'trattoria' }: Wish, n: number) => ({
  customer_id: customer ?? `bench-${n % CUSTOMERS}`,
  restaurant_id: restaurant,
  order_items: [
    { code: 'PZ1', name: 'Pizza Margherita', unit_price: 9.5, quantity: 2 },
    { code: 'AC1', name: 'Acqua', unit_price: 2.25, quantity: 1 },
  ],
});

async function post(
  url: string,
  body: object | undefined,
  signal: AbortSignal,
): Promise<{ readonly order_id: string }> {
  const response = await fetch(url, {
    method: 'POST',
    signal: AbortSignal.any([signal, AbortSignal.timeout(REQUEST_MS)]),
    ...(body && {
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(body),
    }),
  });
  const text = await response.text();
  if (response.ok) return JSON.parse(text);
  throw new SetupProblem(
    `the bench's own stack answers ${response.status} to ${url}: ${text}`,
    'run it again on a machine that does less',
  );
}
