import assert from 'node:assert/strict';
import { silentLogger } from '../logger.ts';
import { asOne, type Member } from './as-one.ts';
import { ConfigError } from './config.ts';
import { type Component, createLifecycle } from './lifecycle.ts';

/** A service of one component, which notes in `done` what it does. */
function member(name: string, done: string[], component: Partial<Component> = {}): Member {
  const components = [
    {
      name: `the ${name}`,
      start: async () => void done.push(`start ${name}`),
      stop: async () => void done.push(`stop ${name}`),
      ...component,
    },
  ];
  const options = { components, logger: silentLogger, stopTimeoutMs: 5_000 };
  return { name, lifecycle: createLifecycle(options), logger: silentLogger };
}

describe('services as one', () => {
  it('the one that others call stops when they have stopped', async () => {
    const done: string[] = [];
    let finish = () => {};
    const slow = new Promise<void>((resolve) => {
      finish = resolve;
    });
    const van = member('van', done, {
      stop: async () => {
        await slow;
        done.push('stop van');
      },
    });
    const all = asOne([[member('store', done)], [member('post', done), van]]);
    await all.start();
    assert.equal(done.length, 3);
    const stopped = all.stop();
    finish();
    await Promise.all([stopped, all.stop()]);
    assert.deepEqual(done.slice(3), ['stop post', 'stop van', 'stop store']);
  });

  it('one that does not start fails the start by its name, and all are stopped', async () => {
    const done: string[] = [];
    const wrong = new ConfigError('PORT is wrong');
    const van = member('van', done, { start: () => Promise.reject(wrong) });
    const all = asOne([[member('post', done), van]]);
    await assert.rejects(
      all.start(),
      (error: Error) =>
        /^van: the van did not start: PORT is wrong/.test(error.message) && error.cause === wrong,
    );
    await all.stop();
    assert.deepEqual(done, ['start post', 'stop post']);
  });

  it('one that fails to stop keeps no other from stopping, and is named', async () => {
    const done: string[] = [];
    const van = member('van', done, { stop: () => Promise.reject(new Error('stuck')) });
    const all = asOne([[member('store', done)], [van, member('post', done)]]);
    await all.start();
    await assert.rejects(all.stop(), /van did not stop cleanly: the van/);
    assert.ok(done.includes('stop post') && done.includes('stop store'));
  });

  it('says who is not ready, and who is degraded', async () => {
    const done: string[] = [];
    const van = member('van', done, { notReady: () => 'no fuel', degraded: () => 'slow' });
    const all = asOne([[member('post', done), van]]);
    await all.start();
    assert.deepEqual(all.notReady(), ['van: the van: no fuel']);
    assert.deepEqual(all.degraded(), ['van: the van: slow']);
    await all.stop();
  });
});
