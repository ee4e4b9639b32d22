import assert from 'node:assert/strict';
import { takeTurns } from './turns.ts';

describe('turns', () => {
  it('go there and back again, so that what drifts hits all alike', async () => {
    const order: string[] = [];
    const results = await takeTurns(['A', 'B', 'C'], 3, async (who) => order.push(who));
    assert.equal(order.join(''), 'ABCCBAABC');
    assert.deepEqual(results.get('A'), [1, 6, 7]);
  });
});
