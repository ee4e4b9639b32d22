import assert from 'node:assert/strict';
import { createSharing, notShared } from './sharing.ts';

/** A component that notes what is done with it. */
function noted(name: string) {
  const done: string[] = [];
  return {
    done,
    component: {
      name,
      start: async () => void done.push('start'),
      stop: async () => void done.push('stop'),
      notReady: () => `${name} is away`,
    },
  };
}

describe('what is shared in a process', () => {
  it('is made once for each key, starts with the first and stops with the last', async () => {
    const { done, component } = noted('nats');
    const sharing = createSharing();
    const [one, two] = [1, 2].map(() => sharing.of('nats://a', () => component));
    assert.ok(one && two);
    await Promise.all([one.start(), two.start()]);
    assert.deepEqual(done, ['start']);
    await two.stop();
    assert.deepEqual(done, ['start'], 'one is still at work');
    await one.stop();
    assert.deepEqual(done, ['start', 'stop']);
  });

  it('says to each why it is not ready', () => {
    const sharing = createSharing();
    sharing.of('a', () => noted('nats').component);
    const again = sharing.of<ReturnType<typeof noted>['component']>('a', () =>
      assert.fail('made twice'),
    );
    assert.equal(again.notReady(), 'nats is away');
  });

  it('is another under another key', () => {
    const sharing = createSharing();
    const of = (key: string) => sharing.of(key, () => noted(key).component).name;
    assert.deepEqual([of('a'), of('b'), of('a')], ['a', 'b', 'a']);
  });

  it('keeps nobody waiting for less than its start, and tells each that it failed', async () => {
    const sharing = createSharing();
    const start = () => Promise.reject(new Error('no'));
    const both = [1, 2].map(() => sharing.of('a', () => ({ name: 'a', start })));
    for (const outcome of await Promise.allSettled(both.map((one) => one.start()))) {
      assert.equal(outcome.status, 'rejected');
    }
  });

  it('may be nothing: each makes its own', () => {
    assert.notEqual(
      notShared.of('a', () => noted('a').component),
      notShared.of('a', () => noted('a').component),
    );
  });
});
