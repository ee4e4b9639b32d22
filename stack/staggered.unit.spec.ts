import assert from 'node:assert/strict';
import { staggered } from './staggered.ts';

describe('staggered', () => {
  it('begins in order, so many at once, and the next when one is done', async () => {
    const begun: number[] = [];
    const ends = new Map<number, () => void>();
    const all = staggered(2, [1, 2, 3, 4], (item) => {
      begun.push(item);
      return new Promise((resolve) => ends.set(item, resolve));
    });
    const afterEnd = async (item: number) => {
      ends.get(item)?.();
      await new Promise(setImmediate);
      return [...begun];
    };
    assert.deepEqual(begun, [1, 2]);
    assert.deepEqual(await afterEnd(2), [1, 2, 3]);
    assert.deepEqual(await afterEnd(1), [1, 2, 3, 4]);
    ends.get(3)?.();
    ends.get(4)?.();
    await all;
  });

  it('begins no further one after a failure', async () => {
    const begun: number[] = [];
    const fail = async (item: number) => {
      begun.push(item);
      throw new Error(`${item}`);
    };
    await assert.rejects(staggered(1, [1, 2, 3], fail), /^Error: 1$/);
    await new Promise(setImmediate);
    assert.deepEqual(begun, [1]);
  });

  it('has nothing to do for nothing', () => staggered(3, [], () => assert.fail()));
});
