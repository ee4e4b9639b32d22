import assert from 'node:assert/strict';
import { readOptions } from './options.ts';

describe('the options of bench-orders', () => {
  it('without any it measures everything on a stack of its own', () => {
    const { own } = readOptions([]);
    assert.deepEqual(own?.plan.callers, [16, 64, 256]);
    assert.deepEqual(own?.plan.rates, [50, 100, 200, 400]);
    assert.ok((own?.plan.warmUpOrders ?? 0) >= 3_000);
  });

  it('parts can be chosen, and rounds', () => {
    const { own } = readOptions(['--quick', '--only', 'callers', '--rounds', '5']);
    assert.deepEqual([own?.plan.rates, own?.plan.rounds, own?.quick], [[], 5, true]);
    assert.throws(() => readOptions(['--only', 'peers,dice']), /there is no "peers"/);
  });

  it('an address, or --running, means a stack that runs', () => {
    assert.equal(readOptions(['--url', 'http://there:1/']).running?.url, 'http://there:1');
    assert.equal(readOptions(['--running', '--rate', '50']).running?.callers, 1_000);
  });

  it('an option of the one is refused for the other', () => {
    assert.throws(() => readOptions(['--orders', '5']), /--orders: only with --running or --url/);
    assert.throws(() => readOptions(['--running', '--quick']), /--quick: not with --running/);
  });

  it('a page shows a whole run', () => {
    assert.throws(() => readOptions(['--docs', '--only', 'rates']), /not with --only/);
  });
});
