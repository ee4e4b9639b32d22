import assert from 'node:assert/strict';
import { spreadOf } from './spread.ts';

describe('the spread of rounds', () => {
  for (const [values, expected] of [
    [[3], { median: 3, min: 3, max: 3 }],
    [[10, 9, 100], { median: 10, min: 9, max: 100 }],
    [[4, 1, 3, 2], { median: 2.5, min: 1, max: 4 }],
  ] as const) {
    it(`of ${values.join(', ')} has the median ${expected.median}`, () => {
      assert.deepEqual(spreadOf(values), expected);
    });
  }

  it('of nothing is an error and no number', () => {
    assert.throws(() => spreadOf([]), RangeError);
  });
});
