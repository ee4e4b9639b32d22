import assert from 'node:assert/strict';
import fc from 'fast-check';
import type { OrderEvent } from '../domain/order.ts';
import { CodedError } from '../kit/errors.ts';
import { MAX_AMOUNT, minor } from '../money/money.ts';
import { eventTypes, orderEventCodec } from './events.ts';

const codec = orderEventCodec(2);
const created: OrderEvent = {
  type: 'created',
  order: {
    orderId: 'o-1',
    customerId: 'c-1',
    restaurantId: 'r-1',
    amount: minor(2_000),
    createdOn: '2026-01-01T12:00:00.000Z',
    items: [
      { code: 'p', name: 'Pizza', unitPrice: minor(1_999), quantity: 1 },
      { code: 'w', name: 'Water', unitPrice: minor(1), quantity: 1 },
    ],
  },
};

/** Each event, and its bytes in the logs that there are: they do not change. */
const frozen: Readonly<Record<string, readonly [OrderEvent, string]>> = {
  created: [
    created,
    '{"order_id":"o-1","customer_id":"c-1","status":"Pending","created_on":"2026-01-01T12:00:00.000Z","restaurant_id":"r-1","amount":20,"order_items":[{"code":"p","name":"Pizza","unit_price":19.99,"quantity":1},{"code":"w","name":"Water","unit_price":0.01,"quantity":1}]}',
  ],
  paymentdebited: [
    {
      type: 'paymentdebited',
      orderId: 'o-1',
      customerId: 'c-1',
      amount: minor(2_000),
      paymentId: 'pay-1',
    },
    '{"OrderID":"o-1","CustomerID":"c-1","Amount":20,"payment_id":"pay-1"}',
  ],
  paymentfailed: [
    { type: 'paymentfailed', orderId: 'o-1', reason: 'declined' },
    '{"order_id":"o-1","reason":"declined"}',
  ],
  approved: [
    { type: 'approved', orderId: 'o-1', decidedBy: 'policy' },
    '{"order_id":"o-1","decided_by":"policy"}',
  ],
  rejected: [
    { type: 'rejected', orderId: 'o-1', decidedBy: 'policy', reason: 'closed' },
    '{"order_id":"o-1","reason":"closed","decided_by":"policy"}',
  ],
  cancelled: [
    { type: 'cancelled', orderId: 'o-1', decidedBy: 'customer', reason: 'too slow' },
    '{"order_id":"o-1","reason":"too slow","decided_by":"customer"}',
  ],
  voidrequested: [
    { type: 'voidrequested', orderId: 'o-1', reason: 'cancelled' },
    '{"order_id":"o-1","reason":"cancelled"}',
  ],
  paymentvoided: [
    { type: 'paymentvoided', orderId: 'o-1', paymentId: 'pay-1' },
    '{"order_id":"o-1","payment_id":"pay-1"}',
  ],
};

const text = fc.string({ unit: 'grapheme-composite', maxLength: 40 });
const id = text.filter((value) => value !== '' && !value.includes('\0'));
const amount = fc.integer({ min: 0, max: MAX_AMOUNT }).map(minor);
const reason = text;
const decidedBy = text;
const orderId = id;
const plain = { noNullPrototype: true };
const any = (type: OrderEvent['type'], fields: Record<string, fc.Arbitrary<unknown>>) =>
  fc.record({ type: fc.constant(type), ...fields }, plain) as fc.Arbitrary<OrderEvent>;
const item = { code: text, name: text, unitPrice: amount, quantity: fc.integer({ min: 1 }) };
const details = fc.record(
  {
    orderId,
    customerId: id,
    restaurantId: id,
    amount,
    createdOn: text,
    items: fc.array(fc.record(item, plain), { maxLength: 5 }),
  },
  plain,
);
/** Any event, by its type. */
const anyEvent = {
  created: any('created', { order: details }),
  paymentdebited: any('paymentdebited', { orderId, customerId: id, amount, paymentId: text }),
  paymentfailed: any('paymentfailed', { orderId, reason }),
  approved: any('approved', { orderId, decidedBy }),
  rejected: any('rejected', { orderId, reason, decidedBy }),
  cancelled: any('cancelled', { orderId, reason, decidedBy }),
  voidrequested: any('voidrequested', { orderId, reason }),
  paymentvoided: any('paymentvoided', { orderId, paymentId: text }),
};

const entry = (eventType: string, data: string) => ({ eventType, aggregateId: 'o-1', data });

describe('events in the log', () => {
  for (const [type, [event, data]] of Object.entries(frozen)) {
    it(`${type} has the type and the bytes of the logs that there are, and is read from them`, () => {
      assert.deepEqual(codec.encode(event), { eventType: `ORDERS.${type}`, data });
      assert.deepEqual(codec.decode(entry(`ORDERS.${type}`, data)), event);
    });
  }

  for (const [type, events] of Object.entries(anyEvent)) {
    it(`any ${type} survives the way there and back, in any currency`, () => {
      fc.assert(
        fc.property(events, fc.constantFrom(0, 2, 3), (event, decimals) => {
          const one = orderEventCodec(decimals);
          const aggregateId = 'order' in event ? event.order.orderId : event.orderId;
          assert.deepEqual(one.decode({ aggregateId, ...one.encode(event) }), event);
        }),
      );
    });
  }

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

  it('unknown fields are ignored, unknown types are ignored, too', () => {
    const data = '{"order_id":"o-1","reason":"declined","since":2027}';
    assert.equal(codec.decode(entry(eventTypes.paymentfailed, data))?.type, 'paymentfailed');
    assert.equal(codec.decode(entry('ORDERS.delivered', '{}')), undefined);
  });

  it('an id that no column could hold is unreadable, before anybody is charged for it', () => {
    const { data } = codec.encode(created);
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
