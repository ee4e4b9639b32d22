/** What people do with orders over HTTP, and what is then seen of them elsewhere. */
import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { orderAggregate } from '../../shared/contracts/subjects.ts';
import type { RecordedEvent } from '../../shared/eventstore/event-store.ts';
import { background } from '../../shared/kit/context.ts';
import { eventually } from '../../shared/testing/eventually.ts';
import type { OrderStack } from './order-stack.ts';

export interface Order {
  readonly order_id: string;
  readonly status: string;
  readonly payment_status: string;
  readonly reason?: string;
}

/** What is ordered where, and by whom, decides what becomes of it. */
export interface OrderWish {
  readonly customer?: string;
  readonly restaurant?: string;
}

export interface LedgerLine {
  readonly kind: string;
  readonly outcome: string;
  readonly voided: boolean;
  readonly net: number;
}

/** What each of these orders costs, in cents. */
export const AMOUNT_MINOR = 2_470;
/** Two deliveries and a pause fit into the payment's deadline several times. */
export const shortDeadlines = { PAYMENT_DEADLINE_MS: '4000', REVIEW_DEADLINE_MS: '4000' };
/** With those deadlines every order has ended after this. */
export const ENDS_WITHIN_MS = 20_000;
/** A worker that gives up after two deliveries, well before the deadline. */
export const hasty = { MAX_DELIVER: '2', RETRY_DELAYS_MS: '100' };

/** Lines of an order whose money was kept, and whose money was given back. */
export const kept = { kind: 'debit', outcome: 'debited', voided: false, net: AMOUNT_MINOR };
export const givenBack = { kind: 'debit', outcome: 'debited', voided: true, net: 0 };

export const typesOf = (events: readonly RecordedEvent[]) =>
  events.map(({ eventType }) => eventType.replace('ORDERS.', ''));

/** The one of `all` that `is`; an assertion that there is exactly one. */
export function only<T>(all: readonly T[], is: (one: T) => boolean): T {
  const [found, ...others] = all.filter(is);
  assert.ok(found !== undefined && others.length === 0, 'there is exactly one');
  return found;
}

/** People's hands on `stack`. */
export function orderHands(stack: OrderStack) {
  async function place(wish: OrderWish, headers: Record<string, string> = {}): Promise<string> {
    const response = await fetch(`${stack.httpUrl}/api/orders`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', ...headers },
      body: JSON.stringify({
        customer_id: wish.customer ?? `customer-${randomUUID()}`,
        restaurant_id: wish.restaurant ?? 'trattoria',
        order_items: [{ code: 'pizza', name: 'Pizza', unit_price: 12.35, quantity: 2 }],
      }),
    });
    const text = await response.text();
    assert.equal(response.status, 201, text);
    return JSON.parse(text).order_id;
  }

  async function get(orderId: string): Promise<Order> {
    const response = await fetch(`${stack.httpUrl}/api/orders/${orderId}`);
    const text = await response.text();
    assert.equal(response.status, 200, text);
    return JSON.parse(text);
  }

  async function decide(orderId: string, decision: 'cancel' | 'approve') {
    const url = `${stack.httpUrl}/api/orders/${orderId}/${decision}`;
    const response = await fetch(url, { method: 'POST' });
    const body = (await response.json()) as Order & { readonly code?: string };
    return { http: response.status, status: body.status, code: body.code };
  }

  const untilItIs = (orderId: string, status: string, payment: string) =>
    eventually(
      `order ${orderId} is ${status}, payment ${payment}`,
      async () => {
        const order = await get(orderId);
        if (order.status === status && order.payment_status === payment) return order;
        throw new Error(`it is ${order.status}, payment ${order.payment_status}`);
      },
      ENDS_WITHIN_MS,
    );

  const eventsOf = (orderId: string) =>
    stack.store.readAggregate(background(), orderAggregate(orderId));

  /** What the gateway did for the order; its `net` is what the customer has paid, in cents. */
  const ledgerOf = (orderId: string) =>
    stack.paymentsdb<LedgerLine[]>`
    select kind, outcome, voided_at is not null as voided,
           case when outcome = 'debited' and voided_at is null then amount_minor else 0 end::int as net
    from ledger where order_id = ${orderId}`.then((lines) => lines.map((line) => ({ ...line })));

  return { place, get, decide, untilItIs, eventsOf, ledgerOf };
}
