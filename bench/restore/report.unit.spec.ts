import assert from 'node:assert/strict';
import { type Found, shortcomings } from './report.ts';

const right: Found = {
  caughtUp: { stream: 1, 'read model': 2, coordinator: 3 },
  auditCodes: { atStart: 0, afterRebuild: 0 },
  rebuilt: { code: 0, wrongRows: 0 },
  content: { restored: 'abc', backedUp: 'abc' },
};

describe('the shortcomings of a restore', () => {
  it('are none where both audits, the rebuild and the comparison are right', () => {
    assert.deepEqual(shortcomings(right), []);
  });

  it('name each thing that was not right', () => {
    const wrong: readonly (readonly [Partial<Found>, RegExp])[] = [
      [{ caughtUp: { ...right.caughtUp, stream: undefined } }, /the stream never had/],
      [{ auditCodes: { atStart: 5, afterRebuild: 0 } }, /restored system ended with exit code 5/],
      [{ auditCodes: { atStart: 0, afterRebuild: 1 } }, /after the rebuild ended with exit code 1/],
      [{ rebuilt: { code: 1, wrongRows: 0 } }, /rebuild ended with exit code 1/],
      [{ rebuilt: { code: 0, wrongRows: 7 } }, /found 7 rows/],
      [{ content: { restored: 'abc', backedUp: 'abd' } }, /abd, restored was abc/],
      [{ content: { restored: 'abc', backedUp: undefined } }, /undefined, restored was abc/],
    ];
    for (const [change, told] of wrong) {
      const [only = '', ...others] = shortcomings({ ...right, ...change });
      assert.match(only, told);
      assert.deepEqual(others, []);
    }
  });
});
