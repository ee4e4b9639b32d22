import assert from 'node:assert/strict';
import { milliseconds, spread, stored } from './figures-text.ts';

describe('figures as text', () => {
  it('a rate stands with the range of its rounds, where there was more than one', () => {
    assert.equal(spread({ median: 34_012.4, min: 31_900, max: 35_400 }), '34,012 (31,900–35,400)');
    assert.equal(spread({ median: 5, min: 5, max: 5 }), '5');
  });

  it('times keep about three figures', () => {
    assert.deepEqual([0.534, 3.94, 120.4, undefined].map(milliseconds), ['0.53', '3.9', '120', '']);
  });

  it('a number of stored events is a power of ten, where it is one', () => {
    assert.deepEqual([10_000, 1_000_000, 30_000, undefined].map(stored), [
      '10^4',
      '10^6',
      '30,000',
      '',
    ]);
  });
});
