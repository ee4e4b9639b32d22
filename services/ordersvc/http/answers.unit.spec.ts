import assert from 'node:assert/strict';
import { orderEventCodec } from '../../../shared/contracts/events.ts';
import { orderAnswer, placedAnswer } from '../../../shared/contracts/http.ts';
import { minor } from '../../../shared/money/money.ts';
import { answersIn } from './answers.ts';

const order = {
  orderId: 'o1',
  customerId: 'c1',
  restaurantId: 'r1',
  amount: minor(2530),
  items: [{ code: 'P1', name: 'Pizza', unitPrice: minor(2530), quantity: 1 }],
  createdOn: '2026-01-02T03:04:05.678Z',
};

describe('answers', () => {
  it('a placed order is answered as it stands in ORDERS.created', () => {
    for (const decimals of [0, 2, 3]) {
      const { data } = orderEventCodec(decimals).encode({ type: 'created', order });
      const answer = answersIn(decimals).placed(order);
      assert.equal(JSON.stringify(answer), data);
      placedAnswer.strict().parse(answer);
    }
  });

  it('an order has a reason only where it did not end well', () => {
    const { order: answer } = answersIn(2);
    const view = { details: order, payment: 'none', version: 1n } as const;
    const pending = answer({ ...view, status: 'Pending', reason: undefined });
    assert.equal('reason' in pending, false);
    const rejected = answer({ ...view, status: 'Rejected', reason: 'closed' });
    assert.equal(rejected.reason, 'closed');
    for (const one of [pending, rejected]) orderAnswer.strict().parse(one);
  });
});
