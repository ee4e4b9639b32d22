/**
 * What strangers could do while loopback was taken for a wall, and what a service that was
 * taken over could: each is refused, and the order that it was meant for ends as it should.
 */
import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { connect, headers, type NatsConnection } from 'nats';
import { orderEventCodec } from '../shared/contracts/events.ts';
import { durables, ORDERS_STREAM, orderAggregate } from '../shared/contracts/subjects.ts';
import type { OrderEvent } from '../shared/domain/order.ts';
import type { EventStore } from '../shared/eventstore/event-store.ts';
import { createGrpcEventStore } from '../shared/eventstore/grpc/grpc-event-store.ts';
import { derivedId } from '../shared/eventstore/ids.ts';
import { background } from '../shared/kit/context.ts';
import { silentLogger } from '../shared/kit/logger.ts';
import type { Component } from '../shared/kit/process/lifecycle.ts';
import { natsConnectionOptions } from '../shared/kit/transport/nats/nats-connection.ts';
import { minor } from '../shared/money/money.ts';
import { eventually } from '../shared/testing/eventually.ts';
import { natsLoginAs } from './credentials/nats-logins.ts';
import { type OrderStack, startOrderStack } from './testing/order-stack.ts';

const ctx = background();
const codec = orderEventCodec(2);

describe('an attack', function suite() {
  this.timeout(180_000);
  let stack: OrderStack;
  const closers: (() => Promise<unknown> | undefined)[] = [];
  before(async () => {
    stack = await startOrderStack({ zipkin: false });
  });
  afterEach(async () => {
    await Promise.all(closers.splice(0).map((close) => close()));
  });
  after(() => stack?.stop());

  async function ask<T>(path: string, body?: object): Promise<T> {
    const response = await fetch(`${stack.httpUrl}/api/orders${path}`, {
      method: body === undefined ? 'GET' : 'POST',
      headers: { 'content-type': 'application/json' },
      ...(body !== undefined && { body: JSON.stringify(body) }),
    });
    assert.ok(response.ok, `${path}: ${response.status}`);
    return (await response.json()) as T;
  }

  /** An order that its restaurant decides. */
  async function placed(): Promise<string> {
    const { order_id } = await ask<{ order_id: string }>('', {
      customer_id: 'ada',
      restaurant_id: 'demo-manual',
      order_items: [{ code: 'PZ1', name: 'Pizza', unit_price: 9.5, quantity: 1 }],
    });
    return order_id;
  }

  const becomes = (orderId: string, status: string, payment: string) =>
    eventually(`${status}, ${payment}`, async () => {
      const order = await ask<Record<string, string>>(`/${orderId}`);
      return order.status === status && order.payment_status === payment;
    });

  /** What the ledger and the stream hold. */
  const books = async () => {
    const [row] = await stack.paymentsdb<{ lines: string }[]>`
      select count(*)::text as lines from ledger`;
    return { lines: row?.lines, published: await stack.books.published.last() };
  };

  /** A connection of this identity, and what the server has refused it. */
  async function natsAs(identity: string): Promise<{ client: NatsConnection; refused: string[] }> {
    const address = natsLoginAs(stack.addresses.NATS_URL, identity);
    const client = await connect({ ...natsConnectionOptions(address, 'spec'), reconnect: false });
    closers.push(() => client.close());
    const refused: string[] = [];
    void (async () => {
      for await (const { permissionContext } of client.status()) {
        if (permissionContext) refused.push(permissionContext.subject);
      }
    })();
    return { client, refused };
  }

  /** The event store as the program of this name calls it. */
  async function storeAs(name: string | undefined): Promise<EventStore & Component> {
    const store = createGrpcEventStore({
      address: stack.addresses.EVENTSTORE_ADDRESS,
      stream: ORDERS_STREAM,
      timeoutMs: 3_000,
      logger: silentLogger,
      tls: name === undefined ? undefined : stack.eventStoreTls(name),
    });
    await store.start?.();
    closers.push(() => store.stop?.());
    return store;
  }

  const filed = (event: OrderEvent, eventId: string, metadata = {}) => ({
    ...codec.encode(event),
    ...orderAggregate(event.type === 'created' ? event.order.orderId : event.orderId),
    eventId,
    metadata,
  });
  const created = (orderId: string): OrderEvent => ({
    type: 'created',
    order: {
      orderId,
      customerId: 'mallory',
      restaurantId: 'demo-manual',
      amount: minor(1_000_000),
      items: [],
      createdOn: '2026-01-01T00:00:00.000Z',
    },
  });

  it('by NATS without a key debits nothing: nobody is let in', async () => {
    const before = await books();
    const { host } = new URL(stack.addresses.NATS_URL);
    for (const login of [{}, { user: 'paymentworker', pass: '' }, { token: 'paymentworker' }]) {
      await assert.rejects(connect({ servers: host, reconnect: false, ...login }), /Authorization/);
    }
    assert.deepEqual(await books(), before);
  });

  it('by a worker’s key debits no money and stops no relay', async () => {
    const before = await books();
    const { client, refused } = await natsAs('reviewworker');
    const forged = filed(created(randomUUID()), randomUUID());
    const asOurs = headers();
    asOurs.set('Nats-Msg-Id', forged.eventId);
    asOurs.set('ce-subject', forged.aggregateId);
    client.publish(forged.eventType, forged.data, { headers: asOurs });
    for (const subject of ['STREAM.DELETE', 'STREAM.PURGE', 'STREAM.UPDATE', 'STREAM.MSG.DELETE']) {
      client.publish(`$JS.API.${subject}.${ORDERS_STREAM}`, '{}');
    }
    await client.flush();
    await eventually('all five are refused', () => refused.length === 5);
    assert.deepEqual(await books(), before);

    // The relay goes on.
    const orderId = await placed();
    await becomes(orderId, 'Paid', 'debited');
    await ask(`/${orderId}/approve`, {});
    await becomes(orderId, 'Approved', 'debited');
  });

  it('by a worker’s key steals no refund', async () => {
    const { client, refused } = await natsAs('reviewworker');
    const own = `${ORDERS_STREAM}.${durables.payment}`;
    const steals = () => {
      client.publish(`$JS.API.CONSUMER.MSG.NEXT.${own}`, '{"batch":100}', {
        reply: '_INBOX_reviewworker.x',
      });
      for (const answer of [1, 2, 3, 4, 5]) {
        client.publish(`$JS.ACK.${own}.1.${answer}.${answer}.1.0`, '+ACK');
      }
      client.publish(`$JS.API.CONSUMER.DELETE.${own}`, '');
    };
    const orderId = await placed();
    steals();
    await becomes(orderId, 'Paid', 'debited');
    await ask(`/${orderId}/cancel`, {});
    steals();
    await client.flush();
    await becomes(orderId, 'Cancelled', 'voided');
    await eventually('all are refused', () => refused.length === 14);
  });

  it('by gRPC without a certificate reads and writes nothing', async () => {
    const store = await storeAs(undefined);
    const orderId = await placed();
    await assert.rejects(store.readAggregate(ctx, orderAggregate(orderId)));
    await assert.rejects(
      store.append(ctx, { events: [filed(created(randomUUID()), randomUUID())] }),
    );
  });

  it('by another program’s certificate makes no order paid', async () => {
    const orderId = await placed();
    await becomes(orderId, 'Paid', 'debited');
    const store = await storeAs('reviewworker');
    const unpaid = randomUUID();
    const paid: OrderEvent = {
      type: 'paymentdebited',
      orderId: unpaid,
      customerId: 'mallory',
      amount: minor(950),
      paymentId: 'forged',
    };
    for (const event of [created(unpaid), paid]) {
      await assert.rejects(store.append(ctx, { events: [filed(event, randomUUID())] }), {
        code: 'not_permitted',
      });
    }
    assert.deepEqual(await stack.store.readAggregate(ctx, orderAggregate(unpaid)), []);
  });

  it('that takes the id of an answer before it is given keeps no order from its end', async () => {
    // The ids of what ends an order follow from the order's.
    const orderId = await placed();
    const elsewhere = await placed();
    await Promise.all([becomes(orderId, 'Paid', 'debited'), becomes(elsewhere, 'Paid', 'debited')]);
    const store = await storeAs('reviewworker');
    const ids = [
      derivedId('ordersvc', orderId, 'approve'),
      derivedId('ordersvc', orderId, 'cancel'),
      derivedId(durables.saga, orderId, 'deadline:review'),
      derivedId(durables.payment, orderId, 'answer'),
    ];
    for (const id of ids) {
      // As what the program may append, of an order of its own.
      const event: OrderEvent = {
        type: 'rejected',
        orderId: elsewhere,
        decidedBy: 'policy',
        reason: 'squatted',
      };
      for (const causation_id of [orderId, elsewhere]) {
        await assert.rejects(
          store.append(ctx, { events: [filed(event, id, { causation_id })] }),
          { code: 'not_permitted' },
          id,
        );
      }
    }
    await ask(`/${orderId}/approve`, {});
    await becomes(orderId, 'Approved', 'debited');
    await ask(`/${elsewhere}/cancel`, {});
    await becomes(elsewhere, 'Cancelled', 'voided');
  });

  it('leaves books that fit', async () => {
    await eventually('the copies are there', async () => {
      const { discrepancies, unread } = await stack.audit();
      return discrepancies.length === 0 && unread.length === 0;
    });
  });
});
