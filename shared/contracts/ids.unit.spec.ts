import assert from 'node:assert/strict';
import { derivedId, newId, orderIdFor } from './ids.ts';

describe('ids', () => {
  it('derived ones are frozen: changing them would answer old events a second time', () => {
    assert.equal(
      derivedId('payment-worker', 'e-1', 'debit'),
      'c2273ab3-2b3d-55e5-a914-35a4bbae5786',
    );
    assert.equal(orderIdFor('c-1', 'key-1'), '4aa99832-7329-5541-82e4-8f3f4ee56d20');
  });

  it('no two causes share one, however their parts are cut', () => {
    assert.notEqual(derivedId('a', 'b:c', 'd'), derivedId('a', 'b', 'c:d'));
    assert.notEqual(orderIdFor('a', 'b","c'), orderIdFor('a","b', 'c'));
  });

  it('new ones are new, and grow', () => {
    const ids = Array.from({ length: 100 }, newId);
    assert.equal(new Set(ids).size, 100);
    assert.deepEqual([...ids].sort(), ids);
  });
});
