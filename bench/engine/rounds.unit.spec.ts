import assert from 'node:assert/strict';
import type { Contender } from './contender.ts';
import { byTurns } from './rounds.ts';

const quiet = { signal: new AbortController().signal, onRound: () => {} };

describe('rounds', () => {
  it('who is compared takes turns after a warm-up, and the order is turned round each time', async () => {
    const order: string[] = [];
    const contender = (name: string): Contender => ({
      name,
      run: async (_callers, ms) => {
        order.push(`${name}${ms === 1 ? ' warms up' : ''}`);
        return { count: 1, ms, times: [] };
      },
    });
    const pace = { rounds: 3, warmUpMs: 1, roundMs: 2 };
    await byTurns([contender('A'), contender('B')], 1, pace, quiet);
    assert.deepEqual(order, ['A warms up', 'B warms up', 'A', 'B', 'B', 'A', 'A', 'B']);
  });

  it('the result of a contender is the median of its rounds and the times of all of them', async () => {
    const counts = [999, 10, 30, 20];
    const contender: Contender = {
      name: 'A',
      run: async () => {
        const count = counts.shift() ?? 0;
        return { count, ms: 500, times: [count] };
      },
    };
    const pace = { rounds: 3, warmUpMs: 500, roundMs: 500 };
    const [measured] = await byTurns([contender], 1, pace, quiet);
    assert.deepEqual(measured?.rate, { median: 40, min: 20, max: 60 });
    assert.deepEqual(measured.times, { p50: 20, p95: 30, p99: 30, max: 30 });
  });

  it('an interruption ends it before the next round', async () => {
    const stop = new AbortController();
    let runs = 0;
    const contender: Contender = {
      name: 'A',
      run: async (_callers, ms) => {
        if (++runs === 2) stop.abort();
        return { count: 1, ms, times: [] };
      },
    };
    const pace = { rounds: 5, warmUpMs: 1, roundMs: 1 };
    const hooks = { signal: stop.signal, onRound: () => {} };
    await assert.rejects(byTurns([contender], 1, pace, hooks), { name: 'AbortError' });
    assert.equal(runs, 2);
  });
});
