import assert from 'node:assert/strict';
import { setImmediate as turn } from 'node:timers/promises';
import { until } from '../../../../stack/until.ts';
import { silentLogger } from '../../logger.ts';
import { keepSubscribed } from './keep-subscribed.ts';

function subscription() {
  const { promise: ended, resolve } = Promise.withResolvers<string>();
  return { ended, end: resolve, close: async () => resolve('closed') };
}

const soon = (what: string, check: () => boolean) =>
  until(check, { what, deadlineMs: 5_000, everyMs: 5 });

describe('keepSubscribed', () => {
  it('subscribes again whatever ended the last, and says meanwhile why it is not ready', async () => {
    const made: ReturnType<typeof subscription>[] = [];
    let broken = false;
    const kept = keepSubscribed({
      logger: silentLogger,
      subscribe: async () => {
        if (broken) throw new Error('the broker is away');
        const one = subscription();
        made.push(one);
        return one;
      },
    });
    assert.equal(kept.notReady(), 'not subscribed yet');
    kept.start();
    await soon('subscribed', () => kept.notReady() === undefined);
    broken = true;
    made[0]?.end('consumer deleted');
    await soon('failing', () => kept.notReady() === 'the broker is away');
    broken = false;
    await soon('subscribed again', () => kept.notReady() === undefined);
    assert.equal(made.length, 2);
    await kept.stop();
    assert.equal(kept.notReady(), 'stopped');
  });

  it('stop waits until what is just being made is closed, so that it leaves nothing behind', async () => {
    const late = subscription();
    const closing = Promise.withResolvers<void>();
    const making = Promise.withResolvers<typeof late>();
    const kept = keepSubscribed({
      logger: silentLogger,
      subscribe: async () => ({ ...(await making.promise), close: () => closing.promise }),
    });
    kept.start();
    let stopped = false;
    const stopping = kept.stop().then(() => {
      stopped = true;
    });
    making.resolve(late);
    await turn();
    assert.equal(stopped, false);
    closing.resolve();
    await stopping;
  });

  it('stop does not wait for ever for a subscription that is being made, and closes it when it comes', async () => {
    const late = subscription();
    const making = Promise.withResolvers<typeof late>();
    const kept = keepSubscribed({ logger: silentLogger, subscribe: () => making.promise });
    kept.start();
    await kept.stop();
    making.resolve(late);
    assert.equal(await late.ended, 'closed');
  });

  it('stop closes what is made in the same moment, however the two interleave', async () => {
    for (let ticks = 0; ticks < 20; ticks++) {
      const one = subscription();
      const making = Promise.withResolvers<typeof one>();
      const kept = keepSubscribed({ logger: silentLogger, subscribe: () => making.promise });
      kept.start();
      making.resolve(one);
      for (let tick = 0; tick < ticks; tick++) await undefined;
      let stopped = false;
      void kept.stop().then(() => {
        stopped = true;
      });
      await soon(`stopped after ${ticks} ticks`, () => stopped);
      assert.equal(await one.ended, 'closed');
    }
  });

  it('a second stop is harmless, and one without a start', async () => {
    const never = keepSubscribed({ logger: silentLogger, subscribe: async () => subscription() });
    await never.stop();
    const kept = keepSubscribed({ logger: silentLogger, subscribe: async () => subscription() });
    kept.start();
    await kept.stop();
    await kept.stop();
  });
});
