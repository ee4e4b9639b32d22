import assert from 'node:assert/strict';
import { MOST_PROBES, unfinishedOrders } from './unfinished-orders.ts';

/** One order every `everyMs`, from 0 on. */
function some(count: number, everyMs: number) {
  const orders = unfinishedOrders();
  for (let n = 0; n < count; n++) orders.add(`o${n}`, n * everyMs);
  return orders;
}

describe('unfinished orders', () => {
  it('are all counted, and few are asked about', () => {
    const orders = some(10_000, 1);
    assert.equal(orders.count(), 10_000);
    assert.ok(orders.probes().length <= MOST_PROBES, `${orders.probes().length}`);
    assert.equal(orders.probes()[0], 'o0');
  });

  it('share the fate of their probe', () => {
    const orders = some(30, 5);
    const [first = '', second = ''] = orders.probes();
    assert.deepEqual([first, second], ['o0', 'o2']);
    assert.equal(orders.finished(new Set([first])), 2);
    assert.equal(orders.count(), 28);
    assert.equal(orders.ageMs(200), 190);
  });

  it('one that hangs alone is not taken for a queue', () => {
    const orders = some(20, 100);
    orders.finished(new Set(Array.from({ length: 7 }, (_, n) => `o${n + 1}`)));
    assert.equal(orders.ageMs(2_000), 2_000);
    orders.finished(new Set(Array.from({ length: 8 }, (_, n) => `o${n + 8}`)));
    assert.equal(orders.ageMs(2_000), 400);
  });

  it('few that overtake say nothing', () => {
    const orders = some(9, 100);
    orders.finished(new Set(Array.from({ length: 7 }, (_, n) => `o${n + 1}`)));
    assert.equal(orders.ageMs(2_000), 2_000);
  });

  it('a queue is one also where every third overtakes it', () => {
    const orders = some(60, 100);
    orders.finished(new Set(Array.from({ length: 20 }, (_, n) => `o${n * 3 + 1}`)));
    assert.equal(orders.ageMs(6_000), 6_000);
    assert.equal(orders.count(), 40);
  });

  it('are given up after a while', () => {
    const orders = some(10, 100);
    assert.equal(orders.forget(500), 5);
    assert.equal(orders.count(), 5);
    assert.equal(orders.ageMs(1_000), 500);
  });
});
