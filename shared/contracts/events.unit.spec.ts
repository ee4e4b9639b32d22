import assert from 'node:assert/strict';
import { minor } from '../domain/money.ts';
import type { OrderEvent } from '../domain/order.ts';
import { CodedError } from '../kit/errors.ts';
import { eventTypes, orderEventCodec } from './events.ts';

const codec = orderEventCodec(2);
const events: OrderEvent[] = [
  {
    type: 'created',
    order: {
      orderId: 'o-1',
      customerId: 'c-1',
      restaurantId: 'r-1',
      amount: minor(1_999),
      createdOn: '2026-01-01T12:00:00.000Z',
      items: [{ code: 'p', name: 'Pizza', unitPrice: minor(1_999), quantity: 1 }],
    },
  },
  {
    type: 'paymentdebited',
    orderId: 'o-1',
    customerId: 'c-1',
    amount: minor(1_999),
    paymentId: 'pay-1',
  },
  { type: 'paymentfailed', orderId: 'o-1', reason: 'declined' },
  { type: 'approved', orderId: 'o-1', decidedBy: 'policy' },
  { type: 'rejected', orderId: 'o-1', decidedBy: 'policy', reason: 'closed' },
];
const entry = (eventType: string, data: string) => ({ eventType, aggregateId: 'o-1', data });

describe('events in the log', () => {
  for (const event of events) {
    it(`${event.type} survives the way there and back`, () => {
      const { eventType, data } = codec.encode(event);
      assert.deepEqual(codec.decode(entry(eventType, data)), event);
    });
  }

  it('have the names of the contract', () => {
    const [created, debited] = events.map((event) => JSON.parse(codec.encode(event).data));
    assert.deepEqual(created, {
      order_id: 'o-1',
      customer_id: 'c-1',
      status: 'Pending',
      created_on: '2026-01-01T12:00:00.000Z',
      restaurant_id: 'r-1',
      amount: 19.99,
      order_items: [{ code: 'p', name: 'Pizza', unit_price: 19.99, quantity: 1 }],
    });
    assert.deepEqual(debited, {
      OrderID: 'o-1',
      CustomerID: 'c-1',
      Amount: 19.99,
      payment_id: 'pay-1',
    });
  });

  it("as the Go sample writes them are read: no payload in approved, no payment's id", () => {
    assert.deepEqual(codec.decode(entry(eventTypes.approved, '')), {
      type: 'approved',
      orderId: 'o-1',
      decidedBy: '',
    });
    const debited = '{"OrderID":"o-1","CustomerID":"c-1","Amount":5}';
    assert.deepEqual(codec.decode(entry(eventTypes.paymentdebited, debited)), {
      type: 'paymentdebited',
      orderId: 'o-1',
      customerId: 'c-1',
      amount: 500,
      paymentId: '',
    });
  });

  it('unknown fields are ignored, unknown types are none of ours', () => {
    const data = '{"order_id":"o-1","reason":"declined","since":2027}';
    assert.equal(codec.decode(entry(eventTypes.paymentfailed, data))?.type, 'paymentfailed');
    assert.equal(codec.decode(entry('ORDERS.delivered', '{}')), undefined);
  });

  it('an id that no column could hold is unreadable, before anybody is charged for it', () => {
    const { data } = codec.encode(events[0] as OrderEvent);
    for (const bad of ['\\ud800', 'a\\u0000b', '', 'x'.repeat(201)]) {
      const spoilt = data.replace('"customer_id":"c-1"', `"customer_id":"${bad}"`);
      assert.notEqual(spoilt, data);
      assert.throws(() => codec.decode(entry(eventTypes.created, spoilt)), CodedError);
    }
  });

  it('half of a surrogate pair in a reason is written as what cannot be shown, and whole pairs stay', () => {
    const event: OrderEvent = {
      type: 'paymentfailed',
      orderId: 'o-1',
      reason: 'declined \ud83d, 😀, \\ud83d',
    };
    const { data } = codec.encode(event);
    assert.deepEqual(JSON.parse(data), { order_id: 'o-1', reason: 'declined \ufffd, 😀, \\ud83d' });
  });

  it('what cannot be read says so, with a code', () => {
    for (const data of ['', '{', '{}', '{"order_id":"o-1"}', '[]']) {
      assert.throws(
        () => codec.decode(entry(eventTypes.created, data)),
        (error) => error instanceof CodedError && error.code === 'unreadable_event',
      );
    }
    const items = '[{"code":"P","name":"Pizza","unit_price":"free","quantity":1}]';
    const broken = `{"order_id":"o-1","order_items":${items}}`;
    const fields = (data: string) => {
      try {
        codec.decode(entry(eventTypes.created, data));
      } catch (error) {
        return (error as CodedError).problems.map(({ field }) => field);
      }
      return assert.fail('it was read');
    };
    assert.deepEqual(fields('[]'), ['it']);
    const named = fields(broken);
    assert.ok(named.includes('order_items[0].unit_price'), named.join());
    assert.equal(new Set(named).size, named.length, 'each field once');
    const debited = '{"OrderID":"o-1","CustomerID":"c-1","Amount":5.001}';
    assert.throws(() => codec.decode(entry(eventTypes.paymentdebited, debited)), CodedError);
  });
});
