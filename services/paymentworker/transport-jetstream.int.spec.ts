import assert from 'node:assert/strict';
import { orderEventCodec } from '../../shared/contracts/events.ts';
import { newId } from '../../shared/contracts/ids.ts';
import { durables, ORDER_AGGREGATE } from '../../shared/contracts/subjects.ts';
import { minor } from '../../shared/domain/money.ts';
import { background } from '../../shared/kit/context.ts';
import { CodedError } from '../../shared/kit/errors.ts';
import type { Component } from '../../shared/kit/lifecycle.ts';
import { silentLogger } from '../../shared/kit/logger.ts';
import { noMeter } from '../../shared/kit/metrics.ts';
import { workerMiddleware } from '../../shared/kit/onions.ts';
import { noHook } from '../../shared/kit/transport/hooks.ts';
import { connectNats, type Nats } from '../../shared/kit/transport/nats.ts';
import { type PublishedLog, publishedLog } from '../../shared/testing/published-log.ts';
import { type TestNats, testNats } from '../../stack/testing.ts';
import { until } from '../../stack/until.ts';
import { paymentEndpoints } from './endpoints.ts';
import type { Debit, DebitAnswer, Void } from './payment-gateway.ts';
import { createPaymentService } from './service.ts';
import { jetstreamTransport } from './transport-jetstream.ts';

const codec = orderEventCodec(2);
const ctx = background();

describe('payment worker over JetStream', function suite() {
  this.timeout(30_000);
  let server: TestNats;
  let nats: Nats;
  let log: PublishedLog;
  let running: Component[];
  let asked: (Debit | Void)[];
  let answer: (debit: Debit) => Promise<DebitAnswer>;

  beforeEach(async () => {
    server = await testNats();
    nats = connectNats({ url: server.url, name: 'test', logger: silentLogger });
    log = await publishedLog(await nats.connection());
    running = [];
    asked = [];
    answer = async ({ orderId }) => ({ outcome: 'debited', paymentId: `payment-${orderId}` });
  });
  afterEach(async () => {
    await Promise.all(running.map((component) => component.stop?.()));
    await nats.stop();
    await server.stop();
  });

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
      (name) =>
        workerMiddleware({
          tracing: (next) => next,
          meter: noMeter,
          logger: silentLogger,
          name,
          consumer: durables.payment,
          park: (context, letter) => log.store.park(context, letter),
          retry: { attempts: 2, initialDelayMs: 1, maxDelayMs: 2 },
          timeoutMs: 2_000,
        }),
    );
    const transport = jetstreamTransport(endpoints, {
      connection: nats.connection,
      store: log.store,
      hook: noHook,
      consumer: { maxInFlight: 16, ackWaitMs: 5_000, maxDeliver: 3, retryDelaysMs: [10] },
      logger: silentLogger,
      meter: noMeter,
    });
    running.push(transport);
    await transport.start?.();
    return transport;
  }

  async function place(orderId: string, data?: string): Promise<void> {
    const created = codec.encode({
      type: 'created',
      order: {
        orderId,
        customerId: 'customer-1',
        restaurantId: 'restaurant-1',
        amount: minor(100),
        items: [],
        createdOn: '2026-01-01T00:00:00.000Z',
      },
    });
    await log.store.append(ctx, [
      {
        eventId: newId(),
        aggregateId: orderId,
        aggregateType: ORDER_AGGREGATE,
        metadata: {},
        ...created,
        ...(data === undefined ? {} : { data }),
      },
    ]);
  }

  async function types(orderId: string): Promise<string[]> {
    const events = await log.store.readAggregate(ctx, ORDER_AGGREGATE, orderId);
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
        const letters = await log.store.deadLetters(ctx, { consumer: durables.payment }, 10);
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
    await log.store.append(ctx, [
      {
        eventId: newId(),
        aggregateId: 'order-1',
        aggregateType: ORDER_AGGREGATE,
        metadata: {},
        ...codec.encode({ type: 'voidrequested', orderId: 'order-1', reason: 'late' }),
      },
    ]);
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
    // As if it had never been acknowledged: the durable begins anew.
    const manager = await (await nats.connection()).jetstreamManager();
    await manager.consumers.delete('ORDERS', durables.payment);
    const forgetful = log.store.getCheckpoint;
    log.store.getCheckpoint = async () => 0n;
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
