import assert from 'node:assert/strict';
import { column } from './column.ts';

describe('a column of a batch', () => {
  it('holds one value for each row, in their order, and nothing for those that have none', () => {
    assert.equal(
      column([1n, undefined, 3n], (version) => version),
      '1\x1f\x1f3',
    );
  });

  it('refuses a value that would be taken for two', () => {
    assert.throws(() => column(['a', 'b\x1fc'], (text) => text), /U\+001F/);
  });
});
