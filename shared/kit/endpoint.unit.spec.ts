import assert from 'node:assert/strict';
import { background } from './context.ts';
import { chain, type Middleware, nop } from './endpoint.ts';

/** Leaves `n` on the way in and `-n` on the way out. */
function trail(n: number, steps: number[]): Middleware {
  return (next) => async (ctx, request) => {
    steps.push(n);
    try {
      return await next(ctx, request);
    } finally {
      steps.push(-n);
    }
  };
}

describe('chain', () => {
  it('calls the first middleware outermost, and comes back the same way', async () => {
    const steps: number[] = [];
    const endpoint = chain(
      trail(1, steps),
      trail(2, steps),
      trail(3, steps),
    )(async () => {
      steps.push(4);
      return 'done';
    });
    assert.equal(await endpoint(background(), undefined), 'done');
    assert.deepEqual(steps, [1, 2, 3, 4, -3, -2, -1]);
  });

  it('unwinds through every middleware when the endpoint fails', async () => {
    const steps: number[] = [];
    const endpoint = chain(
      trail(1, steps),
      nop,
      trail(2, steps),
    )(async () => {
      throw new Error('no');
    });
    await assert.rejects(endpoint(background(), undefined), /no/);
    assert.deepEqual(steps, [1, 2, -2, -1]);
  });

  it('wraps each endpoint separately, so one chain serves many', async () => {
    const wrap = chain(nop);
    const one = wrap(async () => 1);
    const two = wrap(async () => 2);
    assert.deepEqual([await one(background(), null), await two(background(), null)], [1, 2]);
  });
});
