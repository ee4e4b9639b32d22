/** A worker stands still: new orders are refused, those accepted are not lost, and orders are welcome again once it goes on. */
import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { eventually } from '../shared/testing/eventually.ts';
import { type OrderStack, startOrderStack } from './testing/order-stack.ts';

/** Few, so that a standstill shows soon. */
const LEAST = 10;

describe('backpressure', function () {
  this.timeout(120_000);
  let stack: OrderStack;
  before(async () => {
    stack = await startOrderStack({
      zipkin: false,
      environment: {
        ordersvc: { JOURNEY_GOAL_MS: '1000', UNFINISHED_ORDERS_LEAST: String(LEAST) },
      },
    });
  });
  after(() => stack?.stop());

  const accepted: string[] = [];

  async function place(key: string = randomUUID()) {
    const response = await fetch(`${stack.httpUrl}/api/orders`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', 'idempotency-key': key },
      body: JSON.stringify({
        customer_id: 'ada',
        restaurant_id: 'trattoria',
        order_items: [{ code: 'PZ1', name: 'Pizza', unit_price: 9.5, quantity: 2 }],
      }),
    });
    const body = (await response.json()) as { order_id?: string; code?: string };
    if (body.order_id !== undefined) accepted.push(body.order_id);
    return { ...body, status: response.status, retryAfter: response.headers.get('retry-after') };
  }

  const readiness = async () => {
    const response = await fetch(`${stack.adminUrls.ordersvc}/readyz`);
    return { status: response.status, text: await response.text() };
  };

  for (const worker of ['querymodelworker', 'paymentworker', 'reviewworker']) {
    it(`${worker} stands still: orders are refused, and none that was accepted is lost`, async () => {
      const key = randomUUID();
      const { order_id: first } = await eventually('an order is accepted', async () => {
        const answer = await place(key);
        assert.equal(answer.status, 201, JSON.stringify(answer));
        return answer;
      });
      stack.kill(worker, 'SIGSTOP');
      try {
        const refused = await eventually(
          'a new order is refused',
          async () => {
            const answer = await place();
            return answer.status === 503 ? answer : undefined;
          },
          60_000,
        );
        assert.equal(refused.code, 'orders_behind');
        assert.ok(Number(refused.retryAfter) >= 1);
        const ready = await readiness();
        assert.equal(ready.status, 200);
        assert.match(ready.text, /degraded.*new orders are refused/);
        assert.equal((await place(key)).order_id, first, 'a repeat gets its order');
      } finally {
        stack.kill(worker, 'SIGCONT');
      }
      await eventually('orders are welcome again', async () => (await place()).status === 201);
      await eventually('nothing is wrong', async () => /"ready"/.test((await readiness()).text));
      await eventually('every accepted order is approved', async () => {
        const [row] = await stack.ordersdb`
          select count(*)::int as approved from orders
          where status = 'Approved' and order_id = any(${accepted})`;
        return row?.approved === new Set(accepted).size;
      });
    });
  }
});
