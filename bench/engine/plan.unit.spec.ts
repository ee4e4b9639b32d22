import assert from 'node:assert/strict';
import { planOf } from './plan.ts';

describe('the plan of the engine bench', () => {
  it('measures up to 10^6 stored events, quick up to 10^5, and further where it is told', () => {
    assert.deepEqual(planOf(false, undefined).sizes, [10_000, 100_000, 1_000_000]);
    assert.deepEqual(planOf(true, undefined).sizes, [10_000, 100_000]);
    assert.deepEqual(planOf(false, 10_000_000).sizes.at(-1), 10_000_000);
  });

  it('quick has the same rows of appends in shorter rounds', () => {
    const [quick, whole] = [planOf(true, undefined), planOf(false, undefined)];
    assert.deepEqual(quick.callers, whole.callers);
    assert.ok(
      quick.pace.rounds * quick.pace.roundMs < (whole.pace.rounds * whole.pace.roundMs) / 5,
    );
  });
});
