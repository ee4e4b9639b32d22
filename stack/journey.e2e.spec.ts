/** The promises of the whole path, tried from outside: HTTP in, everything else looked at where it lies. */
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { randomBytes, randomUUID } from 'node:crypto';
import { fileURLToPath } from 'node:url';
import type { RecordedEvent } from '../shared/eventstore/event-store.ts';
import { background } from '../shared/kit/context.ts';
import { eventually } from '../shared/testing/eventually.ts';
import { HAPPY_TRACE, siblingsSorted } from '../shared/testing/zipkin/happy-trace.ts';
import { hasNoIdInNames, spanTrees, treeText } from '../shared/testing/zipkin/spans.ts';
import { zipkinDependencies, zipkinTrace } from '../shared/testing/zipkin/zipkin-api.ts';
import { concurrently } from './testing/concurrently.ts';
import { type OrderStack, startOrderStack } from './testing/order-stack.ts';

interface Order {
  readonly order_id: string;
  readonly status: string;
  readonly amount: number;
  readonly version?: number;
}

const main = fileURLToPath(new URL('../cli/main.ts', import.meta.url));

describe('the journey of an order', function () {
  this.timeout(180_000);
  const ctx = background();
  let stack: OrderStack;

  before(async () => {
    stack = await startOrderStack();
    // Spans made before Zipkin is up wait, and those of thousands of orders are too many to.
    assert.ok(await stack.zipkinReady, 'Zipkin did not start; a line above says why');
  });
  after(() => stack?.stop());

  const anOrder = () => ({
    customer_id: `customer-${randomUUID()}`,
    restaurant_id: 'trattoria',
    order_items: [{ code: 'pizza', name: 'Pizza', unit_price: 12.35, quantity: 2 }],
  });

  async function place(headers: Record<string, string> = {}): Promise<Order> {
    const response = await fetch(`${stack.httpUrl}/api/orders`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', ...headers },
      body: JSON.stringify(anOrder()),
    });
    const text = await response.text();
    assert.equal(response.status, 201, text);
    return JSON.parse(text);
  }

  async function get(orderId: string): Promise<Order> {
    const response = await fetch(`${stack.httpUrl}/api/orders/${orderId}`);
    assert.equal(response.status, 200, await response.clone().text());
    return response.json() as Promise<Order>;
  }

  const untilApproved = (orderId: string, withinMs = 30_000) =>
    eventually(
      `order ${orderId} is Approved`,
      async () => {
        const order = await get(orderId);
        return order.status === 'Approved' && order;
      },
      withinMs,
    );

  const nothingOpen = async () => {
    const response = await fetch(`${stack.httpUrl}/api/orders?open=true&limit=1`);
    const { orders } = (await response.json()) as { orders: unknown[] };
    return orders.length === 0;
  };

  it('an order goes in by HTTP and comes out Approved', async () => {
    const placed = await place();
    assert.deepEqual([placed.status, placed.amount], ['Pending', 24.7]);
    const approved = await untilApproved(placed.order_id);
    assert.deepEqual([approved.amount, approved.version], [24.7, 3]);
  });

  it('what was written can be read at once, every time', async () => {
    await concurrently(1_000, 8, async () => {
      const { order_id } = await place();
      const { status } = await get(order_id);
      assert.ok(['Pending', 'Paid', 'Approved'].includes(status), status);
    });
  });

  it('one order is one trace: it continues the caller’s, through every service', async () => {
    assert.ok(stack.zipkinUrl);
    // What is read beside others' orders is read with one call, which looks different.
    await eventually('all other orders have ended', nothingOpen, 60_000);
    const traceId = randomBytes(16).toString('hex');
    const caller = randomBytes(8).toString('hex');
    const { order_id } = await place({ traceparent: `00-${traceId}-${caller}-01` });
    await untilApproved(order_id);
    const spans = await zipkinTrace(
      stack.zipkinUrl,
      traceId,
      (seen) => seen.length >= HAPPY_TRACE.length,
      30_000,
    );
    const [root, ...others] = spanTrees(spans, caller);
    assert.equal(others.length, 0, 'there is one root, the request');
    assert.ok(root);
    assert.deepEqual(
      siblingsSorted(treeText([root]).trimEnd().split('\n')),
      siblingsSorted(HAPPY_TRACE),
    );
    hasNoIdInNames(spans, [order_id, traceId]);
    const order = spans.filter(({ tags }) => tags['order.id'] === order_id);
    assert.ok(order.length >= 8, 'the tag order.id finds it');
    assert.deepEqual(
      spans.filter(({ failed }) => failed),
      [],
    );
  });

  it('Zipkin shows who calls whom, over NATS and along the log as over gRPC', async () => {
    const expected = [
      ['ordersvc', 'eventstoresvc'],
      ['eventstoresvc', 'nats'],
      ['nats', 'paymentworker'],
      ['nats', 'reviewworker'],
      ['eventstoresvc', 'querymodelworker'],
      ['eventstoresvc', 'sagacoordinator'],
    ];
    await untilApproved((await place()).order_id);
    await eventually('Zipkin has an edge for each', async () => {
      const edges = await zipkinDependencies(stack.zipkinUrl ?? '');
      return expected.every(([parent, child]) =>
        edges.some((edge) => edge.parent === parent && edge.child === child),
      );
    });
  });

  it('2,000 orders at once: each ends Approved, nothing is lost, doubled or out of place', async () => {
    const before = await stack.store.head(ctx);
    const placed = new Set<string>();
    await concurrently(2_000, 64, async () => {
      placed.add((await place()).order_id);
    });
    assert.equal(placed.size, 2_000);
    const head = await eventually(
      'the log holds three events an order',
      async () => {
        const position = await stack.store.head(ctx);
        return position >= before + 6_000n && position;
      },
      120_000,
    );
    assert.equal(head, before + 6_000n);

    const events: RecordedEvent[] = [];
    for await (const event of await stack.store.stream(ctx, { afterPosition: before }))
      events.push(event);
    events.forEach(({ position }, index) => {
      assert.equal(position, before + BigInt(index) + 1n, 'positions have no gap');
    });
    const byOrder = Map.groupBy(events, ({ aggregateId }) => aggregateId);
    assert.deepEqual(new Set(byOrder.keys()), placed);
    for (const own of byOrder.values()) {
      assert.deepEqual(
        own.map(({ version, eventType }) => [version, eventType]),
        [
          [1n, 'ORDERS.created'],
          [2n, 'ORDERS.paymentdebited'],
          [3n, 'ORDERS.approved'],
        ],
      );
    }

    const settled = await eventually('the copies are at the head of the log', async () => {
      const report = await stack.audit();
      return report.stream.behind === 0n && report.readModel.behind === 0n && report;
    });
    assert.deepEqual([settled.discrepancies, settled.waiting, settled.unread], [[], [], []]);
    const { accepted, ended, amount } = settled.orders;
    assert.equal(accepted, ended);
    // Each costs the same, so what was kept says how many were debited, and for how much.
    assert.equal(amount, 2_470n * BigInt(accepted));
    assert.deepEqual(
      [settled.ledger.lines, settled.ledger.kept, settled.readModel.compared],
      [accepted, amount, accepted],
    );
  });

  it('anyone can check that with one command, and a cent that is wrong is named', async () => {
    // One order of this test's own is damaged, and repaired again.
    const { order_id } = await place();
    await untilApproved(order_id);
    const { status, stdout, stderr } = await orders('audit', '--json');
    // How far it was is told on standard error.
    assert.equal(status, 0, stderr);
    const { ok, orders: counted, ledger } = JSON.parse(stdout);
    assert.deepEqual([ok, counted.stuck, ledger.kept], [true, 0, ledger.approved]);

    const line = stack.paymentsdb`order_id = ${order_id}`;
    await stack.paymentsdb`update ledger set amount_minor = amount_minor + 1 where ${line}`;
    const damaged = await orders('audit');
    await stack.paymentsdb`update ledger set amount_minor = amount_minor - 1 where ${line}`;
    assert.equal(damaged.status, 5);
    const wrong = `ledger: order ${order_id} says 2471, the order costs 2470 (minor units)`;
    assert.ok(damaged.stdout.includes(wrong), damaged.stdout);
    assert.ok(damaged.stdout.endsWith('1 thing differs\n'), damaged.stdout);
  });

  /** The operator's command, told where this stack is. */
  function orders(...args: string[]) {
    const env = {
      ...process.env,
      ...stack.addresses,
      CREDENTIALS_DIR: stack.credentialsDir,
    };
    return new Promise<{ status: number; stdout: string; stderr: string }>((resolve) => {
      execFile(process.execPath, [main, ...args], { env, timeout: 30_000 }, (error, out, err) => {
        resolve({ status: error === null ? 0 : Number(error.code), stdout: out, stderr: err });
      });
    });
  }
});
