import assert from 'node:assert/strict';
import fc from 'fast-check';
import { v5 } from 'uuid';
import { derivedId, idOf, newId } from './ids.ts';

describe('ids', () => {
  it('derived ones are frozen: changing them would answer old events a second time', () => {
    assert.equal(
      derivedId('payment-worker', 'e-1', 'debit'),
      'c2273ab3-2b3d-55e5-a914-35a4bbae5786',
    );
  });

  it('derived ones are UUIDs of version 5, as every release made them', () => {
    const namespace = 'b5c3d0de-52d1-4f0f-9a3e-0c8b8f6f2a11';
    const texts = fc.array(fc.string({ unit: 'binary' }));
    fc.assert(
      fc.property(texts, (parts) => {
        assert.equal(idOf(...parts), v5(JSON.stringify(parts), namespace));
      }),
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
