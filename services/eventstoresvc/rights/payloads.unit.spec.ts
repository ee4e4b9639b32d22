import assert from 'node:assert/strict';
import { orderEventCodec } from '../../../shared/contracts/events.ts';
import { newId } from '../../../shared/eventstore/ids.ts';
import { MAX_AMOUNT, minor } from '../../../shared/money/money.ts';
import { checkPayloads } from './payloads.ts';

describe('the payload of a known event', () => {
  const paid = (amount: unknown) => ({
    eventId: newId(),
    aggregateId: 'o1',
    aggregateType: 'order',
    metadata: {},
    eventType: 'ORDERS.paymentdebited',
    data: JSON.stringify({ order_id: 'o1', customer_id: 'c1', payment_id: 'p1', amount }),
  });

  for (const decimals of [0, 2, 3, 4]) {
    it(`may have the largest amount of a currency with ${decimals} decimals`, () => {
      const { data, eventType } = orderEventCodec(decimals).encode({
        type: 'paymentdebited',
        orderId: 'o1',
        customerId: 'c1',
        paymentId: 'p1',
        amount: minor(Number(MAX_AMOUNT)),
      });
      checkPayloads([{ ...paid(1), data, eventType }]);
    });
  }

  it('that nobody could read is refused with what is wrong', () => {
    for (const amount of [0.00001, 'much', null, -1]) {
      assert.throws(() => checkPayloads([paid(amount)]), {
        kind: 'invalid',
        code: 'invalid_event',
      });
    }
  });

  it('of a type that is not known is not looked at', () => {
    checkPayloads([{ ...paid('much'), eventType: 'ORDERS.new' }]);
  });
});
