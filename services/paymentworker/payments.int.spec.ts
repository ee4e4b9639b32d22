import assert from 'node:assert/strict';
import { orderEventCodec } from '../../shared/contracts/events.ts';
import {
  durables,
  ORDER_AGGREGATE,
  ORDERS_STREAM,
  orderAggregate,
} from '../../shared/contracts/subjects.ts';
import type { OrderEvent } from '../../shared/domain/order.ts';
import type { RecordedEvent } from '../../shared/eventstore/event-store.ts';
import { newId } from '../../shared/eventstore/ids.ts';
import { encodeMessage } from '../../shared/eventstore/message.ts';
import { background } from '../../shared/kit/context.ts';
import { CodedError } from '../../shared/kit/errors.ts';
import type { Component } from '../../shared/kit/process/lifecycle.ts';
import { minor } from '../../shared/money/money.ts';
import type { PublishedLog } from '../../shared/testing/published-log.ts';
import { orderCreated, type WorkerRig, workerRig } from '../../shared/testing/worker-rig.ts';
import { testNats } from '../../stack/testing.ts';
import { until } from '../../stack/until.ts';
import { paymentEndpoints } from './endpoints.ts';
import type { Debit, DebitAnswer, Void } from './gateway/payment-gateway.ts';
import { createPaymentService } from './service.ts';

const codec = orderEventCodec(2);
const ctx = background();

describe('payment worker over JetStream', function suite() {
  this.timeout(30_000);
  let rig: WorkerRig;
  let log: PublishedLog;
  let asked: (Debit | Void)[];
  let answer: (debit: Debit) => Promise<DebitAnswer>;

  beforeEach(async () => {
    rig = await workerRig(await testNats());
    log = rig.log;
    asked = [];
    answer = async ({ orderId }) => ({ outcome: 'debited', paymentId: `payment-${orderId}` });
  });
  afterEach(() => rig.stop());

  async function start(): Promise<Component> {
    const gateway = {
      debit: (_ctx: unknown, debit: Debit) => {
        asked.push(debit);
        return answer(debit);
      },
      void: async (_ctx: unknown, { orderId }: Void) => {
        asked.push({ orderId, idempotencyKey: 'void' });
        return { paymentId: `payment-${orderId}` };
      },
    };
    const endpoints = paymentEndpoints(
      createPaymentService(log.store, gateway, codec),
      codec,
      rig.onion(durables.payment),
    );
    const worker = rig.worker(durables.payment, endpoints);
    await rig.start(worker);
    return worker;
  }

  async function place(orderId: string, data?: string): Promise<void> {
    await rig.append(orderCreated(orderId), data === undefined ? {} : { data });
  }

  async function types(orderId: string): Promise<string[]> {
    const events = await log.store.readAggregate(ctx, orderAggregate(orderId));
    return events.map((event) => event.eventType);
  }

  const paid = (orderId: string) =>
    until(async () => (await types(orderId)).length > 1, {
      what: `${orderId} paid`,
      deadlineMs: 5_000,
    });

  const parked = () =>
    until(
      async () => {
        const letters = await log.store.deadLetters(ctx, { consumer: durables.payment, limit: 10 });
        return letters.length > 0 && letters;
      },
      { what: 'a dead letter', deadlineMs: 5_000 },
    );

  it('an order that was created is paid', async () => {
    await start();
    await place('order-1');
    await paid('order-1');
    assert.deepEqual(await types('order-1'), ['ORDERS.created', 'ORDERS.paymentdebited']);
  });

  it('a void that is asked for while the debit is slow comes after it', async () => {
    const slow = Promise.withResolvers<void>();
    answer = async ({ orderId }) => {
      await slow.promise;
      return { outcome: 'debited', paymentId: `payment-${orderId}` };
    };
    await start();
    await place('order-1');
    await until(() => asked.length === 1, { what: 'the debit', deadlineMs: 5_000 });
    await rig.append({ type: 'voidrequested', orderId: 'order-1', reason: 'late' });
    await log.published();
    // Another order passes it by, so the request for the void has been delivered.
    answer = async () => ({ outcome: 'debited', paymentId: 'quick' });
    await place('order-2');
    await paid('order-2');
    slow.resolve();
    await until(async () => (await types('order-1')).length === 4, {
      what: 'the void',
      deadlineMs: 5_000,
    });
    assert.deepEqual(await types('order-1'), [
      'ORDERS.created',
      'ORDERS.voidrequested',
      'ORDERS.paymentdebited',
      'ORDERS.paymentvoided',
    ]);
    assert.equal(asked.filter(({ orderId }) => orderId === 'order-1').length, 2);
  });

  it('an event that cannot be read is parked at once, and the next order is paid', async () => {
    await start();
    await place('poison', '{"order_id":"poison"}');
    await place('order-1');
    await paid('order-1');
    const [letter] = await parked();
    assert.deepEqual(
      [letter?.reason, letter?.position, letter?.deliveries],
      ['unreadable_event', 1n, 1],
    );
    assert.deepEqual(
      asked.map((debit) => debit.orderId),
      ['order-1'],
    );
  });

  /** Somebody else's message at the stream's end, as the event store would have published `event` there. */
  async function forge(event: OrderEvent, said: Partial<RecordedEvent> = {}): Promise<void> {
    const jetstream = (await rig.nats.connection()).jetstream();
    const manager = await jetstream.jetstreamManager();
    const { state } = await manager.streams.info(ORDERS_STREAM);
    const { subject, headers, payload } = encodeMessage({
      eventId: newId(),
      aggregateId: event.type === 'created' ? event.order.orderId : event.orderId,
      aggregateType: ORDER_AGGREGATE,
      stream: ORDERS_STREAM,
      version: 1n,
      position: BigInt(state.last_seq) + 1n,
      createdAt: new Date(),
      metadata: {},
      ...codec.encode(event),
      ...said,
    });
    await jetstream.publish(subject, payload, { headers });
  }

  /** All that is in the stream has been delivered, some of it several times. */
  async function deliveredAgain(): Promise<void> {
    const manager = await (await rig.nats.connection()).jetstreamManager();
    await until(
      async () => {
        const { num_pending, num_redelivered } = await manager.consumers.info(
          ORDERS_STREAM,
          durables.payment,
        );
        return num_pending === 0 && num_redelivered > 0;
      },
      { what: 'another delivery', deadlineMs: 5_000 },
    );
  }

  it('money does not move for an order that the log does not have', async () => {
    await start();
    await place('order-1');
    await paid('order-1');
    await log.published();
    await forge(orderCreated('forged'));
    await deliveredAgain();
    assert.deepEqual(
      asked.map(({ orderId }) => orderId),
      ['order-1'],
    );
    assert.deepEqual(await types('forged'), []);
  });

  it('money does not go back for a request that the log does not have', async () => {
    await start();
    await place('order-1');
    await paid('order-1');
    await log.published();
    await forge({ type: 'voidrequested', orderId: 'order-1', reason: 'forged' });
    await deliveredAgain();
    assert.equal(asked.length, 1);
    assert.deepEqual(await types('order-1'), ['ORDERS.created', 'ORDERS.paymentdebited']);
  });

  it('where a foreign message stands in the place of an order, it is that order which is paid', async () => {
    await start();
    await forge(orderCreated('forged'), { position: 1n });
    await deliveredAgain();
    // The relay would not go on behind it; here the order is the log's only.
    await place('order-1');
    await paid('order-1');
    assert.deepEqual(
      asked.map(({ orderId }) => orderId),
      ['order-1'],
    );
  });

  for (const [what, said] of [
    [
      'amount',
      {
        data: codec.encode({ ...orderCreated('order-1') }).data.replace('"amount":1', '"amount":2'),
      },
    ],
    ['order', { aggregateId: 'order-2' }],
  ] as const) {
    it(`an order whose message has another ${what} than the log is paid as the log has it`, async () => {
      const eventId = newId();
      const real = await codec.encode(orderCreated('order-1'));
      await forge(orderCreated('order-1'), { eventId, position: 1n, ...said });
      await log.store.append(ctx, {
        events: [
          {
            eventId,
            aggregateId: 'order-1',
            aggregateType: ORDER_AGGREGATE,
            metadata: {},
            ...real,
          },
        ],
      });
      await start();
      await paid('order-1');
      assert.deepEqual(
        asked.map((one) => [one.orderId, 'amount' in one && one.amount]),
        [['order-1', minor(100)]],
      );
      assert.deepEqual(await types('order-2'), []);
    });
  }

  it('while the log cannot be asked no money moves, and it is no attempt at paying', async () => {
    const read = log.store.read;
    let refused = 0;
    await start();
    log.store.read = async () => {
      refused++;
      throw new CodedError('unavailable', 'event_store_away', 'It is away.');
    };
    await place('order-1');
    // More often than it may be delivered: three attempts a delivery, and three deliveries.
    await until(() => refused > 20, { what: 'many deliveries', deadlineMs: 20_000 });
    assert.equal(asked.length, 0);
    log.store.read = read;
    await paid('order-1');
    assert.equal(asked.length, 1);
    assert.deepEqual(await log.store.deadLetters(ctx, { limit: 10 }), []);
  });

  it('a gateway that stays away is given up on after the last delivery', async () => {
    answer = () => Promise.reject(new CodedError('unavailable', 'gateway_away', 'It is away.'));
    await start();
    await place('order-1');
    const [letter] = await parked();
    assert.deepEqual([letter?.reason, letter?.deliveries], ['gateway_away', 3]);
    assert.equal(new Set(asked.map((debit) => debit.idempotencyKey)).size, 1);
    assert.deepEqual(await types('order-1'), ['ORDERS.created']);
  });

  it('two instances answer each order once', async () => {
    await start();
    await start();
    const orders = Array.from({ length: 50 }, (_, n) => `order-${n}`);
    for (const order of orders) await place(order);
    for (const order of orders) await paid(order);
    assert.equal(await log.store.head(ctx), 100n);
    assert.equal(asked.length, 50);
  });

  it('an answer whose acknowledgement was lost does not reach the gateway again', async () => {
    const first = await start();
    await place('order-1');
    await paid('order-1');
    await first.stop?.();
    // As if it had never been acknowledged: the durable starts again.
    const manager = await (await rig.nats.connection()).jetstreamManager();
    await manager.consumers.delete('ORDERS', durables.payment);
    const forgetful = log.store.getCheckpoint;
    log.store.getCheckpoint = async () => ({ position: 0n, eventId: '', delivered: 0n });
    await start();
    await place('order-2');
    await paid('order-2');
    log.store.getCheckpoint = forgetful;
    assert.deepEqual(
      asked.map((debit) => debit.orderId),
      ['order-1', 'order-2'],
    );
  });
});
