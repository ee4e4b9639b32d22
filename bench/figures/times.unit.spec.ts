import assert from 'node:assert/strict';
import { perSecond, timesOf } from './times.ts';

describe('figures of a run', () => {
  it('a percentile is the smallest time that its share does not exceed', () => {
    const shuffled = Array.from({ length: 200 }, (_, n) => ((n * 37) % 200) + 1);
    assert.deepEqual(timesOf(shuffled), { p50: 100, p95: 190, p99: 198, max: 200 });
  });

  it('one time is every percentile, and sorting is by number', () => {
    assert.deepEqual(timesOf([7]), { p50: 7, p95: 7, p99: 7, max: 7 });
    assert.equal(timesOf([10, 9, 100])?.p50, 10);
  });

  it('no times are no figures, and no span is no rate', () => {
    assert.equal(timesOf([]), undefined);
    assert.equal(perSecond(5, 0), 0);
    assert.equal(perSecond(50, 2_000), 25);
  });
});
