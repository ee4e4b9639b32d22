import assert from 'node:assert/strict';
import { type Followed, lagOf, untilFollowing } from './lag.ts';

describe('the lag of a follower', () => {
  it('counts from the answer, and is 0 where the event was there before it', async () => {
    const early: Followed = {
      append: async ({ aggregateId }) => early.onEvent(aggregateId),
      onEvent: () => {},
    };
    const late: Followed = {
      append: async ({ aggregateId }) => void setTimeout(() => late.onEvent(aggregateId), 20),
      onEvent: () => {},
    };
    const [first, second] = [
      await lagOf('early', early).run(1, 30),
      await lagOf('late', late).run(1, 30),
    ];
    assert.ok(first.count > 0 && first.times.every((ms) => ms === 0));
    assert.ok(second.count > 0 && second.times.every((ms) => ms >= 18), second.times.join());
  });

  it('a follower that is not listening yet is waited for', async () => {
    let appends = 0;
    const followed: Followed = {
      append: async ({ aggregateId }) => void (++appends === 3 && followed.onEvent(aggregateId)),
      onEvent: () => {},
    };
    await untilFollowing('any', followed);
    assert.equal(appends, 3);
  });
});
