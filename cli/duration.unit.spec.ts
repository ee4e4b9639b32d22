import assert from 'node:assert/strict';
import { duration, moment } from './duration.ts';

describe('a span of time', () => {
  it('has its two largest units, and none that is zero', () => {
    for (const [ms, text] of [
      [0, '0 ms'],
      [0.6, '1 ms'],
      [999, '999 ms'],
      [1_000, '1 s'],
      [1_250, '1.3 s'],
      [59_999, '60 s'],
      [60_000, '1 min'],
      [61_400, '1 min 1 s'],
      [3_600_000, '1 h'],
      [3_601_000, '1 h'],
      [3_660_000, '1 h 1 min'],
      [7_500_000, '2 h 5 min'],
      [86_400_000, '1 d'],
      [90_000_000, '1 d 1 h'],
      [86_460_000, '1 d'],
      [950_400_000, '11 d'],
    ] as const) {
      assert.equal(duration(ms), text, `${ms}`);
    }
  });

  it('and a moment is told to the millisecond, in UTC', () => {
    assert.equal(moment(new Date(1_234)), '1970-01-01 00:00:01.234 UTC');
  });
});
