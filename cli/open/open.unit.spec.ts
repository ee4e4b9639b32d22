import assert from 'node:assert/strict';
import { orderEventCodec } from '../../shared/contracts/events.ts';
import { durables } from '../../shared/contracts/subjects.ts';
import type { OrderEvent } from '../../shared/domain/order.ts';
import { createMemoryEventStore } from '../../shared/eventstore/memory/memory-event-store.ts';
import { background } from '../../shared/kit/context.ts';
import { minor } from '../../shared/money/money.ts';
import { anEvent } from '../../shared/testing/an-event.ts';
import type { OrdersApi } from '../orders-api.ts';
import { plain } from '../paint.ts';
import { type OpenOptions, readOpen } from './read-open.ts';
import { renderOpen } from './render-open.ts';

const ctx = background();
const codec = orderEventCodec(2);
const MINUTE = 60_000;
const deadlines = { paymentMs: MINUTE, reviewMs: 2 * MINUTE, ceilingMs: 60 * MINUTE };

const created = (orderId: string): OrderEvent => ({
  type: 'created',
  order: {
    ...{ orderId, customerId: 'ada', restaurantId: 'r', amount: minor(950) },
    items: [{ code: 'P', name: 'Pizza', unitPrice: minor(950), quantity: 1 }],
    createdOn: '2026-01-31T12:00:00.000Z',
  },
});
const debited = (orderId: string): OrderEvent => ({
  ...{ type: 'paymentdebited', orderId, customerId: 'ada' },
  ...{ amount: minor(950), paymentId: `pay-${orderId}` },
});

/** A log of one order in each state, which all consumers have received, and an ordersvc that lists them. */
async function books(pageSize = 100) {
  const store = createMemoryEventStore({ stream: 'ORDERS' });
  const append = (id: string, event: OrderEvent) =>
    store.append(ctx, { events: [anEvent({ ...codec.encode(event), aggregateId: id })] });
  for (const id of ['pending', 'paid', 'gone']) await append(id, created(id));
  for (const id of ['paid', 'gone']) await append(id, debited(id));
  await append('gone', { type: 'approved', orderId: 'gone', decidedBy: 'policy' });
  for (const consumer of [durables.payment, durables.review]) {
    await store.saveCheckpoint(ctx, { consumer, position: 6n, eventId: '', delivered: 6n });
  }
  const ids = ['gone', 'paid', 'pending'];
  const asked: string[] = [];
  const api: OrdersApi = {
    async call(_method, path) {
      asked.push(path);
      const { searchParams } = new URL(path, 'http://ordersvc');
      const from = Number(searchParams.get('cursor') ?? 0);
      const size = Math.min(pageSize, Number(searchParams.get('limit')));
      const orders = ids.slice(from, from + size).map((order_id) => ({
        ...{ order_id, customer_id: 'ada', restaurant_id: 'r', amount: 9.5, order_items: [] },
        ...{ status: 'Pending', payment_status: 'none', version: 1 },
        created_on: '2026-01-31T12:00:00.000Z',
      }));
      const more = from + size < ids.length && { next_cursor: String(from + size) };
      return { text: JSON.stringify({ orders, position: 6, ...more }), traceId: undefined };
    },
  };
  return { store, api, asked };
}

/** What is open `ms` after now. */
async function open(
  { store, api }: Pick<OpenOptions, 'store' | 'api'>,
  ms: number,
  options: Partial<OpenOptions> = {},
) {
  const now = new Date(Date.now() + ms);
  const given = { store, api, codec, deadlines, now, limit: 100, filters: {} };
  return readOpen(ctx, { ...given, overdue: false, ...options });
}

describe('orders that are open', () => {
  it('tell what they wait for, what is due first on top; one that has ended since is none', async () => {
    const { orders, more } = await open(await books(), 0);
    assert.deepEqual(
      orders.map(({ order_id, waiting }) => [order_id, waiting.consumers[0]]),
      [
        ['pending', durables.payment],
        ['paid', durables.review],
      ],
    );
    assert.equal(more, undefined);
  });

  it('are those that ordersvc lists: open or overdue ones, by every filter', async () => {
    const all = await books();
    await open(all, 0);
    assert.equal(all.asked.at(-1), '/api/orders?open=true&limit=100');
    const filters = { customer: 'ada', restaurant: 'r', minAmount: '9', maxAmount: '10' };
    const { orders } = await open(all, 1.5 * MINUTE, { overdue: true, filters });
    assert.equal(
      all.asked.at(-1),
      '/api/orders?customer_id=ada&restaurant_id=r&min_amount=9&max_amount=10&overdue=true&limit=100',
    );
    const left = orders.map(({ waiting }) => (waiting.remaining_ms ?? 0) < 0);
    assert.deepEqual(left, [true, false]);
  });

  it('are read page by page up to the limit, and what is left is said', async () => {
    const small = await books(1);
    assert.equal((await open(small, 0)).orders.length, 2);
    assert.equal(small.asked.length, 3);
    assert.equal((await open(small, 0, { limit: 1 })).more, true);
  });

  it('are a table for people', async () => {
    const { orders } = await open(await books(), 0);
    const [one = assert.fail()] = orders;
    const text = (remaining_ms: number) =>
      renderOpen({ orders: [{ ...one, waiting: { ...one.waiting, remaining_ms } }] }, 2, plain);
    assert.equal(
      text(30_000),
      `order    status   amount  restaurant  customer  waits for       due
pending  Pending  9.50    r           ada       payment-worker  in 30 s`,
    );
    assert.match(text(-30_000), / 30 s ago$/);
    assert.equal(renderOpen({ orders: [] }, 2, plain), 'no such order');
  });
});
