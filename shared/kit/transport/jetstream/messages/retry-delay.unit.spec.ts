import assert from 'node:assert/strict';
import { retryDelay } from './retry-delay.ts';

describe('retryDelay', () => {
  it('takes the wait for each delivery, and the last for all further ones', () => {
    const delays = [1, 2, 3, 4, 50].map((n) => retryDelay([100, 200, 400], n, 0, () => 0));
    assert.deepEqual(delays, [100, 200, 400, 400, 400]);
  });

  it('never goes below the configured wait, and at most a quarter above', () => {
    assert.equal(
      retryDelay([100], 1, 0, () => 0),
      100,
    );
    assert.equal(
      retryDelay([100], 1, 0, () => 1),
      125,
    );
  });

  it('is whole milliseconds, never less than asked for, and nothing where nothing is wanted', () => {
    assert.equal(
      retryDelay([3], 1, 0, () => 0.5),
      4,
    );
    assert.equal(
      retryDelay([0], 1, undefined, () => 0),
      0,
    );
  });

  it('waits longer where the error asks for it', () => {
    assert.equal(
      retryDelay([100], 1, 3_000, () => 0),
      3_000,
    );
  });

  it('waits a second where nothing is configured', () => {
    assert.equal(
      retryDelay([], 1, 0, () => 0),
      1_000,
    );
  });
});
