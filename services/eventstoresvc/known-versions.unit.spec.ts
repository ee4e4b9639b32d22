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

  it('are those of the aggregates that were met last, however many there were', () => {
    const known = createKnownVersions();
    for (let n = 0; n <= MAX_AGGREGATES; n++) known.add(`aggregate ${n}`, 1n);
    assert.equal(known.has('aggregate 0', 1n), false);
    assert.equal(known.has('aggregate 1', 1n), true);
  });
});
