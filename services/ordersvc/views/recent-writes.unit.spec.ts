import assert from 'node:assert/strict';
import { createRecentWrites } from './recent-writes.ts';

describe('recent writes', () => {
  it('know the newest version written, in whatever order they hear of it', () => {
    const recent = createRecentWrites();
    assert.equal(recent.version('a'), 0n);
    recent.remember('a', 2n);
    recent.remember('a', 1n);
    assert.equal(recent.version('a'), 2n);
  });

  it('are bounded: the order written longest ago is forgotten first', () => {
    const recent = createRecentWrites(2);
    recent.remember('a', 1n);
    recent.remember('b', 1n);
    recent.remember('a', 2n);
    recent.remember('c', 1n);
    assert.deepEqual(['a', 'b', 'c'].map(recent.version), [2n, 0n, 1n]);
  });
});
