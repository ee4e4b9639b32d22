import assert from 'node:assert/strict';
import { derivedId, newId } from './ids.ts';

describe('ids', () => {
  it('derived ones are frozen: changing them would answer old events a second time', () => {
    assert.equal(
      derivedId('payment-worker', 'e-1', 'debit'),
      'c2273ab3-2b3d-55e5-a914-35a4bbae5786',
    );
  });

  it('no two causes share one, however their parts are cut', () => {
    assert.notEqual(derivedId('a', 'b:c', 'd'), derivedId('a', 'b', 'c:d'));
    assert.notEqual(derivedId('a', 'b","c', 'd'), derivedId('a","b', 'c', 'd'));
  });

  it('new ones are new, and grow', () => {
    const ids = Array.from({ length: 100 }, newId);
    assert.equal(new Set(ids).size, 100);
    assert.deepEqual([...ids].sort(), ids);
  });
});
