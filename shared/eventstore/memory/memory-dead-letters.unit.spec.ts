import assert from 'node:assert/strict';
import { background } from '../../kit/context.ts';
import { memoryDeadLetters } from './memory-dead-letters.ts';

const ctx = background();

describe('dead letters in memory', () => {
  it('a replay that nobody settled is handed out again after a minute, five times in all', async () => {
    let now = 0;
    const letters = memoryDeadLetters(() => new Date(now));
    const consumer = 'worker';
    await letters.park(ctx, {
      consumer,
      position: 1n,
      eventId: 'e-1',
      reason: 'gateway_away',
      lastError: '',
      deliveries: 1,
      traceparent: '',
    });
    await letters.requestReplay(ctx, { consumer, position: 1n });
    const state = async () => (await letters.deadLetters(ctx, { limit: 1 }))[0]?.state;
    for (let n = 1; n <= 5; n++) {
      assert.equal(
        (await letters.takeReplays(ctx, { consumer, limit: 10 })).length,
        1,
        `the time ${n}`,
      );
      assert.equal(
        (await letters.takeReplays(ctx, { consumer, limit: 10 })).length,
        0,
        `leased, ${n}`,
      );
      assert.equal(await state(), 'requested');
      now += 61_000;
    }
    assert.equal((await letters.takeReplays(ctx, { consumer, limit: 10 })).length, 0);
    assert.equal(await state(), 'parked');
    assert.equal((await letters.requestReplay(ctx, { consumer, position: 1n })).state, 'requested');
  });
});
