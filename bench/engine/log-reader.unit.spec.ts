import assert from 'node:assert/strict';
import { setTimeout as delay } from 'node:timers/promises';
import { logReader } from './log-reader.ts';

describe('reading a log', () => {
  it('counts what was read, from places inside the log, and ends when the time is over', async () => {
    const begun: bigint[] = [];
    let read = 0;
    const reader = logReader('any', 100_000, async function* (after) {
      begun.push(after);
      for (;;) {
        await delay(1);
        read += 1_000;
        yield 1_000;
      }
    });
    const { count } = await reader.run(1, 60);
    assert.ok(count > 0 && count <= read && count >= read - 1_000, `${count} of ${read}`);
    for (const after of begun) assert.ok(after >= 0n && after < 100_000n, `${after}`);
  });

  it('nothing to read is an error and no figure', async () => {
    const reader = logReader('any', 10, async function* () {});
    await assert.rejects(reader.run(1, 50), /any read nothing/);
  });
});
