import assert from 'node:assert/strict';
import { createBell } from './bell.ts';

describe('a bell', () => {
  /** Far longer than a test may take: only a ring ends it in time. */
  const FOREVER = 60_000;

  it('a ring wakes the sleeper', async () => {
    const bell = createBell();
    const asleep = bell.wait(FOREVER);
    bell.ring();
    await asleep;
  });

  it('a ring while nobody sleeps is not missed, and counts once', async () => {
    const bell = createBell();
    bell.ring();
    bell.ring();
    await bell.wait(FOREVER);
    let woken = false;
    const again = bell.wait(20).then(() => {
      woken = true;
    });
    await new Promise((resolve) => setImmediate(resolve));
    assert.equal(woken, false);
    await again;
  });
});
