import assert from 'node:assert/strict';
import { milliseconds, spread } from './text.ts';

describe('figures as text', () => {
  it('a rate stands with the range of its rounds, where there was more than one', () => {
    assert.equal(spread({ median: 34_012.4, min: 31_900, max: 35_400 }), '34,012 (31,900–35,400)');
    assert.equal(spread({ median: 5, min: 5, max: 5 }), '5');
  });

  it('times keep about three figures', () => {
    assert.deepEqual([0.534, 3.94, 120.4, undefined].map(milliseconds), ['0.53', '3.9', '120', '']);
  });
});
