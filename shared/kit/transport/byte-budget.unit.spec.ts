import assert from 'node:assert/strict';
import { byteBudget } from './byte-budget.ts';

describe('a budget of bytes', () => {
  it('is taken up to its end, and no further', () => {
    const budget = byteBudget(10);
    assert.deepEqual([budget.take(6), budget.take(5), budget.take(4)], [true, false, true]);
    assert.ok(!budget.take(1));
  });

  it('has room again for what was given back, and what was refused took none', () => {
    const budget = byteBudget(10);
    assert.ok(budget.take(10));
    assert.ok(!budget.take(10));
    budget.give(10);
    assert.ok(budget.take(10));
  });
});
