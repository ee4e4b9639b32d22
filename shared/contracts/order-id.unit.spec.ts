import assert from 'node:assert/strict';
import { orderIdFor } from './order-id.ts';

describe('the id of an order', () => {
  it('made of an idempotency key is frozen: another would place old orders a second time', () => {
    assert.equal(orderIdFor('c-1', 'key-1'), '4aa99832-7329-5541-82e4-8f3f4ee56d20');
  });

  it('is no other customer’s, however their names and keys are cut', () => {
    assert.notEqual(orderIdFor('a', 'b","c'), orderIdFor('a","b', 'c'));
  });
});
