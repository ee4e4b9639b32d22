import assert from 'node:assert/strict';
import { background } from '../../../shared/kit/context.ts';
import { noSuchOrder } from '../no-such-order.ts';
import { rememberedParties } from './parties.ts';

describe('the parties of orders', () => {
  it('are looked up once in a while', async () => {
    let looks = 0;
    const partiesOf = rememberedParties(async () => {
      looks++;
      return { customerId: 'ada', restaurantId: 'r1' };
    });
    for (let n = 0; n < 3; n++) {
      assert.equal((await partiesOf(background(), 'o1')).customerId, 'ada');
    }
    assert.equal(looks, 1);
    await partiesOf(background(), 'o2');
    assert.equal(looks, 2);
  });

  it('are those that the order has once its customer was erased, ten seconds later at most', async () => {
    let at = 0;
    let customerId = 'ada';
    const find = async () => ({ customerId, restaurantId: 'r1' });
    const partiesOf = rememberedParties(find, () => at);
    assert.equal((await partiesOf(background(), 'o1')).customerId, 'ada');
    customerId = 'erased';
    at = 9_999;
    assert.equal((await partiesOf(background(), 'o1')).customerId, 'ada');
    at = 10_000;
    assert.equal((await partiesOf(background(), 'o1')).customerId, 'erased');
  });

  it('of an order that is not there are asked for again: it may be placed meanwhile', async () => {
    let there = false;
    const partiesOf = rememberedParties(async (_ctx, orderId) => {
      if (!there) throw noSuchOrder(orderId);
      return { customerId: 'ada', restaurantId: 'r1' };
    });
    await assert.rejects(partiesOf(background(), 'o1'), { code: 'order_not_found' });
    there = true;
    assert.equal((await partiesOf(background(), 'o1')).restaurantId, 'r1');
  });
});
