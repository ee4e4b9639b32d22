import assert from 'node:assert/strict';
import { orderEventCodec } from '../../shared/contracts/events.ts';
import { ORDER_AGGREGATE, ORDERS_STREAM, orderAggregate } from '../../shared/contracts/subjects.ts';
import type { OrderDetails } from '../../shared/domain/order.ts';
import type { EventStore } from '../../shared/eventstore/event-store.ts';
import { derivedId } from '../../shared/eventstore/ids.ts';
import { createMemoryEventStore } from '../../shared/eventstore/memory/memory-event-store.ts';
import { background, causedBy } from '../../shared/kit/context.ts';
import { CodedError, isKind } from '../../shared/kit/errors.ts';
import { minor } from '../../shared/money/money.ts';
import type {
  Debit,
  DebitAnswer,
  PaymentGateway,
  Void,
  VoidAnswer,
} from './gateway/payment-gateway.ts';
import { createPaymentService, type PaymentService } from './service.ts';

const codec = orderEventCodec(2);
const order: OrderDetails = {
  orderId: 'order-1',
  customerId: 'customer-1',
  restaurantId: 'restaurant-1',
  amount: minor(1_250),
  items: [],
  createdOn: '2026-01-01T00:00:00.000Z',
};
const request = { causeId: 'created-1', order, mayBeRepeat: false };
const ctx = causedBy(background('submission-1'), { eventId: 'created-1' });
const debited: DebitAnswer = { outcome: 'debited', paymentId: 'payment-1' };

describe('payment service', () => {
  let store: EventStore;
  let asked: Debit[];
  let voids: Void[];
  let answer: () => Promise<DebitAnswer>;
  let voidAnswer: () => Promise<VoidAnswer>;
  let service: PaymentService;

  beforeEach(async () => {
    store = createMemoryEventStore({ stream: ORDERS_STREAM });
    asked = [];
    voids = [];
    answer = async () => debited;
    voidAnswer = async () => ({ paymentId: 'payment-1' });
    const gateway: PaymentGateway = {
      debit: (_ctx, debit) => {
        asked.push(debit);
        return answer();
      },
      void: (_ctx, request) => {
        voids.push(request);
        return voidAnswer();
      },
    };
    service = createPaymentService(store, gateway, codec);
    await append('created-1', { type: 'created', order });
  });

  async function append(eventId: string, event: Parameters<typeof codec.encode>[0]) {
    await store.append(ctx, {
      events: [
        {
          eventId,
          aggregateId: order.orderId,
          aggregateType: ORDER_AGGREGATE,
          metadata: {},
          ...codec.encode(event),
        },
      ],
    });
  }

  const log = () => store.readAggregate(ctx, orderAggregate(order.orderId));
  const types = async () => (await log()).map((event) => event.eventType);

  it('an answer goes before new work', async () => {
    const lanes: unknown[] = [];
    const heard: EventStore = {
      ...store,
      append: (context, { events, expectedVersion: expected, lane }) => {
        lanes.push(lane);
        return store.append(context, { events, expectedVersion: expected, lane });
      },
    };
    const gateway: PaymentGateway = {
      debit: async () => debited,
      void: () => voidAnswer(),
    };
    await createPaymentService(heard, gateway, codec).pay(ctx, request);
    assert.deepEqual(lanes, ['answers']);
  });

  it('records the debit, with what caused it', async () => {
    assert.equal(await service.pay(ctx, request), 'debited');
    const [, recorded] = await log();
    assert.ok(recorded);
    assert.deepEqual(codec.decode(recorded), {
      type: 'paymentdebited',
      orderId: 'order-1',
      customerId: 'customer-1',
      amount: 1_250,
      paymentId: 'payment-1',
    });
    assert.equal(recorded.metadata.correlation_id, 'submission-1');
    assert.equal(recorded.metadata.causation_id, 'created-1');
  });

  it('declining is an answer, and is recorded with its reason', async () => {
    answer = async () => ({ outcome: 'declined', reason: 'no credit' });
    assert.equal(await service.pay(ctx, request), 'declined');
    const [, recorded] = await log();
    assert.ok(recorded);
    assert.deepEqual(codec.decode(recorded), {
      type: 'paymentfailed',
      orderId: 'order-1',
      reason: 'no credit',
    });
  });

  it('a repeat does not reach the gateway when the log has the answer', async () => {
    await service.pay(ctx, request);
    assert.equal(await service.pay(ctx, { ...request, mayBeRepeat: true }), 'answered before');
    assert.equal(asked.length, 1);
    assert.deepEqual(await types(), ['ORDERS.created', 'ORDERS.paymentdebited']);
  });

  it('a repeat whose answer was lost asks the gateway again, with the same key', async () => {
    answer = () => Promise.reject(new CodedError('unavailable', 'gateway', 'lost'));
    await assert.rejects(service.pay(ctx, request), (error) => isKind(error, 'unavailable'));
    answer = async () => debited;
    await service.pay(ctx, { ...request, mayBeRepeat: true });
    assert.equal(asked.length, 2);
    assert.deepEqual(asked[0], asked[1]);
    assert.deepEqual(await types(), ['ORDERS.created', 'ORDERS.paymentdebited']);
  });

  it('an order that is begun a second time is charged for its first beginning only', async () => {
    const dearer = { ...order, amount: minor(77_700) };
    await append('created-2', { type: 'created', order: dearer });
    const second = { causeId: 'created-2', order: dearer, mayBeRepeat: true };
    assert.equal(await service.pay(ctx, second), 'answered before');
    assert.equal(asked.length, 0);
    await service.pay(ctx, request);
    await service.pay(ctx, { ...second, mayBeRepeat: false }).catch(() => undefined);
    assert.equal(new Set(asked.map(({ idempotencyKey }) => idempotencyKey)).size, 1);
  });

  it('an answer given twice is appended once', async () => {
    await service.pay(ctx, request);
    await service.pay(ctx, request);
    assert.deepEqual(await types(), ['ORDERS.created', 'ORDERS.paymentdebited']);
  });

  it('an answer given before in other words stands, and the worker is done', async () => {
    await service.pay(ctx, request);
    answer = async () => ({ outcome: 'debited', paymentId: 'another' });
    assert.equal(await service.pay(ctx, request), 'answered before');
    assert.deepEqual(await types(), ['ORDERS.created', 'ORDERS.paymentdebited']);
  });

  it('a debit is recorded although the order has moved meanwhile: it is a fact', async () => {
    answer = async () => {
      await append('rejected-1', {
        type: 'rejected',
        orderId: order.orderId,
        decidedBy: 'someone',
        reason: 'late',
      });
      return debited;
    };
    assert.equal(await service.pay(ctx, request), 'debited');
    assert.deepEqual(await types(), ['ORDERS.created', 'ORDERS.rejected', 'ORDERS.paymentdebited']);
  });
  const requested = { causeId: 'void-1', orderId: order.orderId };

  /** Cancelled, and the void asked for. */
  async function cancelled() {
    const { orderId } = order;
    await append('cancelled-1', { type: 'cancelled', orderId, decidedBy: 'x', reason: 'late' });
    await append('void-1', { type: 'voidrequested', orderId, reason: 'late' });
  }

  it('a repeat for an order that the log has lost is asked for again, not answered', async () => {
    const older = createMemoryEventStore({ stream: ORDERS_STREAM });
    const unasked = () => assert.fail('the gateway is not asked');
    const restored = createPaymentService(older, { debit: unasked, void: unasked }, codec);
    const repeat = restored.pay(ctx, { ...request, mayBeRepeat: true });
    await assert.rejects(repeat, { kind: 'unavailable', code: 'event_lost' });
    await assert.rejects(restored.voidPayment(ctx, requested), { code: 'event_lost' });
  });

  it('a repeat does not debit an order whose void was asked for', async () => {
    await cancelled();
    assert.equal(await service.pay(ctx, { ...request, mayBeRepeat: true }), 'void requested');
    assert.equal(asked.length, 0);
    assert.deepEqual(await types(), ['ORDERS.created', 'ORDERS.cancelled', 'ORDERS.voidrequested']);
  });

  it('a repeat for a cancelled order asks the gateway: an earlier debit is to be in the log', async () => {
    await append('cancelled-1', {
      type: 'cancelled',
      orderId: order.orderId,
      decidedBy: 'x',
      reason: 'late',
    });
    assert.equal(await service.pay(ctx, { ...request, mayBeRepeat: true }), 'debited');
    assert.deepEqual(await types(), [
      'ORDERS.created',
      'ORDERS.cancelled',
      'ORDERS.paymentdebited',
    ]);
  });

  it('records the void, with the payment that was given back and what caused it', async () => {
    await cancelled();
    const voiding = causedBy(background('submission-1'), { eventId: 'void-1' });
    assert.equal(await service.voidPayment(voiding, requested), 'voided');
    const recorded = (await log()).at(-1);
    assert.ok(recorded);
    assert.deepEqual(codec.decode(recorded), {
      type: 'paymentvoided',
      orderId: 'order-1',
      paymentId: 'payment-1',
    });
    assert.equal(recorded.metadata.correlation_id, 'submission-1');
    assert.equal(recorded.metadata.causation_id, 'void-1');
  });

  it('voids are known by frozen ids, made of the event that asked', async () => {
    await cancelled();
    await service.voidPayment(ctx, requested);
    assert.deepEqual(voids, [
      { idempotencyKey: derivedId('payment-worker', 'void-1', 'void'), orderId: 'order-1' },
    ]);
    assert.equal((await log()).at(-1)?.eventId, derivedId('payment-worker', 'void-1', 'answer'));
  });

  it('a void that is asked for again has the answer of the first request, and money goes back once', async () => {
    await cancelled();
    await append('void-2', { type: 'voidrequested', orderId: order.orderId, reason: 'late' });
    const second = { ...requested, causeId: 'void-2' };
    const results = await Promise.all([
      service.voidPayment(ctx, second),
      service.voidPayment(ctx, requested),
    ]);
    assert.deepEqual(results, ['voided', 'voided']);
    assert.equal(new Set(voids.map(({ idempotencyKey }) => idempotencyKey)).size, 1);
    assert.equal(voids[0]?.idempotencyKey, derivedId('payment-worker', 'void-1', 'void'));
    assert.equal((await types()).filter((type) => type === 'ORDERS.paymentvoided').length, 1);
    assert.equal(await service.voidPayment(ctx, second), 'answered before');
    assert.equal(voids.length, 2);
  });

  it('a void of a debit that never came is recorded, with no payment', async () => {
    voidAnswer = async () => ({ paymentId: '' });
    await cancelled();
    assert.equal(await service.voidPayment(ctx, requested), 'nothing to void');
    assert.equal((await types()).at(-1), 'ORDERS.paymentvoided');
  });

  it('a repeated void does not reach the gateway when the log has the answer', async () => {
    await cancelled();
    await service.voidPayment(ctx, requested);
    assert.equal(await service.voidPayment(ctx, requested), 'answered before');
    assert.equal(voids.length, 1);
    assert.equal((await types()).length, 4);
  });

  it('a void whose answer was lost is asked for again, with the same key', async () => {
    await cancelled();
    voidAnswer = () => Promise.reject(new CodedError('unavailable', 'gateway', 'lost'));
    await assert.rejects(service.voidPayment(ctx, requested), (error) =>
      isKind(error, 'unavailable'),
    );
    assert.equal((await types()).length, 3);
    voidAnswer = async () => ({ paymentId: 'payment-1' });
    assert.equal(await service.voidPayment(ctx, requested), 'voided');
    assert.deepEqual(voids[0], voids[1]);
    assert.equal((await types()).length, 4);
  });

  it('a void answered before in other words stands, and the worker is done', async () => {
    await cancelled();
    await service.voidPayment(ctx, requested);
    voidAnswer = async () => ({ paymentId: 'another' });
    assert.equal(await service.voidPayment(ctx, requested), 'answered before');
    assert.equal((await types()).length, 4);
  });

  it('a debit that succeeds after the void was asked for is recorded: it is a fact', async () => {
    answer = async () => {
      await cancelled();
      return debited;
    };
    assert.equal(await service.pay(ctx, request), 'debited');
    assert.equal(await service.voidPayment(ctx, requested), 'voided');
    assert.deepEqual(await types(), [
      'ORDERS.created',
      'ORDERS.cancelled',
      'ORDERS.voidrequested',
      'ORDERS.paymentdebited',
      'ORDERS.paymentvoided',
    ]);
  });
});
