import assert from 'node:assert/strict';
import { orderId } from './http.ts';
import { orderIdFor, secretOrderIdFor } from './order-id.ts';

describe('the id of an order', () => {
  it('made of an idempotency key is frozen: another would place old orders a second time', () => {
    assert.equal(orderIdFor('c-1', 'key-1'), '4aa99832-7329-5541-82e4-8f3f4ee56d20');
  });

  it('is no other customer’s, however their names and keys are cut', () => {
    assert.notEqual(orderIdFor('a', 'b","c'), orderIdFor('a","b', 'c'));
  });

  describe('made with a secret', () => {
    const named = secretOrderIdFor(() => 'a secret of tests');

    it('is frozen, too', () => {
      assert.equal(named('c-1', 'key-1'), '12c07e5e-b405-8347-9e18-6b90965c3d26');
    });

    it('is one that the API takes, and a UUID', () => {
      for (const key of ['key-1', 'ключ', ' '.repeat(200)]) {
        const id = named('c-1', key);
        assert.ok(orderId.safeParse(id).success, id);
        assert.match(id, /^[\da-f]{8}-[\da-f]{4}-8[\da-f]{3}-[89ab][\da-f]{3}-[\da-f]{12}$/);
      }
    });

    it('is not computed by who knows the customer and the key, nor with another secret', () => {
      const others = [orderIdFor, secretOrderIdFor(() => 'a guess')];
      for (const guess of others) assert.notEqual(guess('c-1', 'key-1'), named('c-1', 'key-1'));
    });

    it('is no other customer’s, however their names and keys are cut', () => {
      assert.notEqual(named('a', 'b","c'), named('a","b', 'c'));
    });
  });
});
