import assert from 'node:assert/strict';
import { readOptions } from './options.ts';

describe('the options of bench-restore', () => {
  it('without any a million events are restored', () => {
    const { events, orders, dataFolder, json } = readOptions([]);
    assert.deepEqual([events, orders, dataFolder, json], [1_000_000, 3_000, undefined, false]);
  });

  it('more orders than events are refused, and so few that a kind would be missing', () => {
    assert.throws(
      () => readOptions(['--events', '2000']),
      /--orders: 3000 orders have more events/,
    );
    assert.throws(() => readOptions(['--orders', '9']), /--orders/);
    assert.equal(readOptions(['--events', '2000', '--orders', '40']).orders, 40);
  });
});
