import assert from 'node:assert/strict';
import { stored } from './figures-text.ts';

describe('figures of the engine as text', () => {
  it('a number of stored events is a power of ten, where it is one', () => {
    assert.deepEqual([10_000, 1_000_000, 30_000, undefined].map(stored), [
      '10^4',
      '10^6',
      '30,000',
      '',
    ]);
  });
});
