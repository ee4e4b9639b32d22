import assert from 'node:assert/strict';
import { createKeyLanes } from './key-lanes.ts';

describe('key lanes', () => {
  it('tasks of one key run one after the other, in the order they came', async () => {
    const lanes = createKeyLanes();
    const seen: string[] = [];
    const first = Promise.withResolvers<void>();
    const one = lanes.run('a', async () => {
      seen.push('one begins');
      await first.promise;
      seen.push('one ends');
    });
    const two = lanes.run('a', async () => seen.push('two'));
    assert.deepEqual(seen, ['one begins']);
    first.resolve();
    await Promise.all([one, two]);
    assert.deepEqual(seen, ['one begins', 'one ends', 'two']);
  });

  it('another key does not wait, and begins within the call', async () => {
    const lanes = createKeyLanes();
    const blocked = Promise.withResolvers<void>();
    const one = lanes.run('a', () => blocked.promise);
    let ran = false;
    const other = lanes.run('b', async () => {
      ran = true;
    });
    assert.equal(ran, true);
    await other;
    blocked.resolve();
    await one;
  });

  it('a failure is its own and does not stop its lane', async () => {
    const lanes = createKeyLanes();
    const one = lanes.run('a', () => Promise.reject(new Error('one')));
    const two = lanes.run('a', async () => 'two');
    await assert.rejects(one, /one/);
    assert.equal(await two, 'two');
  });

  it('a lane goes with its last task', async () => {
    const lanes = createKeyLanes();
    await Promise.allSettled([
      lanes.run('a', async () => 1),
      lanes.run('a', () => Promise.reject(new Error('two'))),
      lanes.run('b', async () => 3),
    ]);
    await Promise.resolve();
    assert.equal(lanes.size, 0);
  });
});
