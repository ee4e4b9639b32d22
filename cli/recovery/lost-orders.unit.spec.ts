import assert from 'node:assert/strict';
import { orderEventCodec } from '../../shared/contracts/events.ts';
import { ORDER_AGGREGATE, ORDERS_STREAM } from '../../shared/contracts/subjects.ts';
import type { OrderEvent } from '../../shared/domain/order.ts';
import type { RecordedEvent } from '../../shared/eventstore/event-store.ts';
import { minor } from '../../shared/money/money.ts';
import { lostOrders, voidOf } from './lost-orders.ts';
import { lostDocument, renderLost } from './render-lost.ts';

const codec = orderEventCodec(2);
let position = 100n;

function event(orderId: string, change: OrderEvent): RecordedEvent {
  position++;
  return {
    ...codec.encode(change),
    eventId: `e-${position}`,
    aggregateId: orderId,
    aggregateType: ORDER_AGGREGATE,
    stream: ORDERS_STREAM,
    version: 1n,
    position,
    createdAt: new Date(0),
    metadata: {},
  };
}

const created = (orderId: string) =>
  event(orderId, {
    type: 'created',
    order: {
      orderId,
      customerId: 'ann',
      restaurantId: 'trattoria',
      amount: minor(1_050),
      items: [{ code: 'a', name: 'A', unitPrice: minor(1_050), quantity: 1 }],
      createdOn: '2026-01-31T12:00:00.000Z',
    },
  });
const debited = (orderId: string) =>
  event(orderId, {
    type: 'paymentdebited',
    orderId,
    customerId: 'ann',
    amount: minor(1_050),
    paymentId: `p-${orderId}`,
  });
const approved = (orderId: string) =>
  event(orderId, { type: 'approved', orderId, decidedBy: 'review' });

describe('what becomes of orders whose events are given up', () => {
  it('an order whose creation is lost is gone, with its debits; one that has it goes back', () => {
    const lost = lostOrders(codec);
    lost.add([created('one'), approved('old'), created('two')]);
    lost.add([debited('one'), debited('other')]);
    assert.equal(lost.count(), 5);
    assert.deepEqual(
      lost
        .gone()
        .map(({ orderId, amount, debits, events }) => ({ orderId, amount, debits, events })),
      [
        {
          orderId: 'one',
          amount: 1_050,
          debits: [{ paymentId: 'p-one', amount: 1_050 }],
          events: 2,
        },
        { orderId: 'two', amount: 1_050, debits: [], events: 1 },
      ],
    );
    assert.deepEqual(
      lost.setBack().map(({ orderId, debits }) => [orderId, debits.length]),
      [
        ['old', 0],
        ['other', 1],
      ],
    );
  });

  it('a creation that cannot be read is given up like any other; what is no order is only counted', () => {
    const lost = lostOrders(codec);
    lost.add([
      { ...created('one'), data: '{}' },
      { ...created('table'), aggregateType: 'table' },
    ]);
    assert.deepEqual(
      lost.gone().map(({ orderId, amount }) => [orderId, amount]),
      [['one', 0]],
    );
    assert.deepEqual([lost.count(), lost.setBack().length], [2, 0]);
  });

  it('the void of an order is the same each time it is asked for, and another for another creation', () => {
    const lost = lostOrders(codec);
    lost.add([created('one'), created('two')]);
    const [one, two] = lost.gone();
    assert.ok(one && two);
    assert.deepEqual(voidOf(codec, one), voidOf(codec, one));
    assert.notEqual(voidOf(codec, one).eventId, voidOf(codec, two).eventId);
    const { aggregateId, eventType, data } = voidOf(codec, one);
    assert.deepEqual(
      [aggregateId, eventType, JSON.parse(data)],
      ['one', 'ORDERS.voidrequested', { order_id: 'one', reason: 'given_up' }],
    );
  });

  it('is told in words, with a bounded part named, and in full for programs', () => {
    const lost = lostOrders(codec);
    for (let n = 0; n < 25; n++) lost.add([created(`order-${n}`), debited(`order-${n}`)]);
    const standing = {
      kind: 'behind',
      head: 100n,
      agreed: 100n,
      streamLast: 150n,
      why: '',
    } as const;
    const looked = { standing, lost: lost.count(), gone: lost.gone(), setBack: lost.setBack() };
    const lines = renderLost(looked, 2).split('\n');
    assert.equal(
      lines[0],
      'The log ends at 100 but the stream at 150: the log has lost 50 events.',
    );
    assert.equal(lines[1], '25 orders are only in the stream:');
    assert.equal(lines[2], '  order-0, of ann for 10.50, debited 10.50 as p-order-0');
    assert.equal(lines.at(-1), '  and 5 more');
    const { orders_gone: gone } = lostDocument(looked, 2) as { orders_gone: unknown[] };
    assert.equal(gone.length, 25);
    assert.deepEqual(gone[0], {
      order_id: 'order-0',
      customer_id: 'ann',
      amount: 10.5,
      debits: [{ payment_id: 'p-order-0', amount: 10.5 }],
      lost_events: 2,
    });
  });
});
