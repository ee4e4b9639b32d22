import assert from 'node:assert/strict';
import { createKnownVersions, MAX_AGGREGATES } from './known-versions.ts';

describe('versions that are known to be in the log', () => {
  it('are the one that was written and all before it, of its aggregate alone', () => {
    const known = createKnownVersions();
    known.add('order\na', 3n);
    assert.deepEqual(
      [1n, 3n, 4n].map((version) => known.has('order\na', version)),
      [true, true, false],
    );
    assert.equal(known.has('order\nb', 1n), false);
  });

  it('are forgotten where the log may be another one', () => {
    const known = createKnownVersions();
    known.add('order\na', 3n);
    known.clear();
    assert.equal(known.has('order\na', 1n), false);
  });

  it('are those of the latest aggregates, however many there were', () => {
    const known = createKnownVersions();
    known.add('first', 1n);
    known.add('second', 1n);
    known.add('first', 2n);
    for (let n = 0; n < MAX_AGGREGATES - 1; n++) known.add(`later ${n}`, 1n);
    assert.equal(known.has('first', 2n), true);
    assert.equal(known.has('second', 1n), false);
  });
});
