/** The promises of the whole path, tried from outside: HTTP in, everything else looked at where it lies. */
import assert from 'node:assert/strict';
import { randomBytes, randomUUID } from 'node:crypto';
import { connect, type JetStreamManager, type NatsConnection } from 'nats';
import postgres from 'postgres';
import type { EventStore, RecordedEvent } from '../shared/eventstore/event-store.ts';
import { createGrpcEventStore } from '../shared/eventstore/grpc-event-store.ts';
import { background } from '../shared/kit/context.ts';
import type { Component } from '../shared/kit/lifecycle.ts';
import { silentLogger } from '../shared/kit/logger.ts';
import { eventually } from '../shared/testing/eventually.ts';
import { hasNoIdInNames, spanTrees, treeText } from '../shared/testing/spans.ts';
import { zipkinTrace } from '../shared/testing/zipkin-api.ts';
import { type Stack, startStack } from './stack.ts';
import { testFolder } from './testing.ts';

interface Order {
  readonly order_id: string;
  readonly status: string;
  readonly amount: number;
  readonly version?: number;
}

describe('the journey of an order', function () {
  this.timeout(180_000);
  const ctx = background();
  let stack: Stack;
  let store: EventStore & Component;
  let nats: NatsConnection;
  let streams: JetStreamManager['streams'];
  let payments: postgres.Sql;
  let readModel: postgres.Sql;

  before(async () => {
    stack = await startStack({ dataDir: await testFolder(), durable: false });
    // Spans made before Zipkin is up wait, and those of thousands of orders are too many to.
    assert.ok(await stack.zipkinReady, 'Zipkin did not start; a line above says why');
    store = createGrpcEventStore({
      address: stack.addresses.EVENTSTORE_ADDRESS,
      stream: 'ORDERS',
      timeoutMs: 10_000,
      logger: silentLogger,
    });
    nats = await connect({ servers: stack.addresses.NATS_URL });
    streams = (await nats.jetstreamManager()).streams;
    payments = postgres(stack.addresses.PAYMENTS_DATABASE_URL, { max: 2 });
    readModel = postgres(stack.addresses.ORDERS_DATABASE_URL, { max: 2 });
  });
  after(async () => {
    await payments?.end();
    await readModel?.end();
    await nats?.close();
    await store?.stop?.();
    await stack?.stop();
  });

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

  /** Does `work` for 0 … count − 1, `width` at a time. */
  async function concurrently(count: number, width: number, work: (n: number) => Promise<void>) {
    let next = 0;
    const worker = async () => {
      for (let n = next++; n < count; n = next++) await work(n);
    };
    await Promise.all(Array.from({ length: width }, worker));
  }

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
    const traceId = randomBytes(16).toString('hex');
    const caller = randomBytes(8).toString('hex');
    const { order_id } = await place({ traceparent: `00-${traceId}-${caller}-01` });
    await untilApproved(order_id);
    const expected = [
      'ordersvc: post /api/orders [SERVER]',
      '  ordersvc: place_order [INTERNAL]',
      '    ordersvc: eventstore.eventstore/appendevents [CLIENT]',
      '      eventstoresvc: eventstore.eventstore/appendevents [SERVER]',
      '        eventstoresvc: append [INTERNAL]',
      '          eventstoresvc: orders.created publish [PRODUCER]',
      '            paymentworker: orders.created process [CONSUMER]',
      '              paymentworker: pay_order [INTERNAL]',
      '                paymentworker: eventstore.eventstore/appendevents [CLIENT]',
      '                  eventstoresvc: eventstore.eventstore/appendevents [SERVER]',
      '                    eventstoresvc: append [INTERNAL]',
      '                      eventstoresvc: orders.paymentdebited publish [PRODUCER]',
      '                        querymodelworker: orders.paymentdebited process [CONSUMER]',
      '                        reviewworker: orders.paymentdebited process [CONSUMER]',
      '                          reviewworker: review_order [INTERNAL]',
      '                            reviewworker: eventstore.eventstore/appendevents [CLIENT]',
      '                              eventstoresvc: eventstore.eventstore/appendevents [SERVER]',
      '                                eventstoresvc: append [INTERNAL]',
      '                                  eventstoresvc: orders.approved publish [PRODUCER]',
      '                                    querymodelworker: orders.approved process [CONSUMER]',
      '                                    sagacoordinator: orders.approved process [CONSUMER]',
      '                                      sagacoordinator: follow_order [INTERNAL]',
      '                            reviewworker: eventstore.eventstore/getevents [CLIENT]',
      '                              eventstoresvc: eventstore.eventstore/getevents [SERVER]',
      '                                eventstoresvc: read [INTERNAL]',
      '                        sagacoordinator: orders.paymentdebited process [CONSUMER]',
      '                          sagacoordinator: follow_order [INTERNAL]',
      '            querymodelworker: orders.created process [CONSUMER]',
      '            sagacoordinator: orders.created process [CONSUMER]',
      '              sagacoordinator: follow_order [INTERNAL]',
    ];
    const spans = await zipkinTrace(
      stack.zipkinUrl,
      traceId,
      (seen) => seen.length >= expected.length,
      30_000,
    );
    const [root, ...others] = spanTrees(spans, caller);
    assert.equal(others.length, 0, 'there is one root, the request');
    assert.ok(root);
    // Siblings have no order of their own.
    const sorted = (tree: typeof root): typeof root => ({
      span: tree.span,
      children: tree.children.map(sorted).sort((a, b) => (treeText([a]) < treeText([b]) ? -1 : 1)),
    });
    assert.equal(treeText([sorted(root)]), `${expected.join('\n')}\n`);
    hasNoIdInNames(spans, [order_id, traceId]);
    const order = spans.filter(({ tags }) => tags['order.id'] === order_id);
    assert.ok(order.length >= 8, 'the tag order.id finds it');
    assert.deepEqual(
      spans.filter(({ failed }) => failed),
      [],
    );
  });

  it('2,000 orders at once: each ends Approved, nothing is lost, doubled or out of place', async () => {
    const before = await store.head(ctx);
    const placed = new Set<string>();
    await concurrently(2_000, 64, async () => {
      placed.add((await place()).order_id);
    });
    assert.equal(placed.size, 2_000);
    const head = await eventually(
      'the log holds three events an order',
      async () => {
        const position = await store.head(ctx);
        return position >= before + 6_000n && position;
      },
      120_000,
    );
    assert.equal(head, before + 6_000n);

    const events: RecordedEvent[] = [];
    for await (const event of store.stream(ctx, { afterPosition: before })) events.push(event);
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

    await eventually('the stream is at the head of the log', async () => {
      const { state } = await streams.info('ORDERS');
      return (
        state.last_seq === Number(head) && state.messages === Number(head) && state.first_seq === 1
      );
    });
    await concurrently(events.length, 32, async (index) => {
      const event = events[index];
      assert.ok(event);
      const message = await streams.getMessage('ORDERS', { seq: Number(event.position) });
      assert.deepEqual(
        [message.header.get('Nats-Msg-Id'), message.subject, message.string()],
        [event.eventId, event.eventType, event.data],
        `the stream at ${event.position} is the log there`,
      );
    });

    const debits = await payments<{ order_id: string; debits: string; amount: string }[]>`
      select order_id, count(*) as debits, sum(amount_minor) as amount
      from ledger where outcome = 'debited' group by order_id`;
    const ledger = new Map(debits.map(({ order_id, ...row }) => [order_id, row]));
    for (const orderId of placed) {
      assert.deepEqual(ledger.get(orderId), { debits: '1', amount: '2470' }, 'one debit an order');
    }

    // The read model itself: GET would fold what it lacks from the log.
    await eventually('the read model is at the head of the log', async () => {
      const [row] = await readModel`select position from projection_checkpoint`;
      return BigInt(row?.position ?? 0) === head;
    });
    const rows = await readModel<{ order_id: string }[]>`
      select order_id from orders
      where status = 'Approved' and payment = 'debited' and version = 3 and amount_minor = 2470`;
    const shown = new Set(rows.map(({ order_id }) => order_id));
    assert.deepEqual(
      [...placed].filter((orderId) => !shown.has(orderId)),
      [],
    );
  });
});
