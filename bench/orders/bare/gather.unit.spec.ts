import assert from 'node:assert/strict';
import { gather } from './gather.ts';

describe('gather of the bare path', () => {
  it('what arrives while a batch is under way is the next one, in order and none twice', async () => {
    const batches: (readonly number[])[] = [];
    let finish: () => void = () => undefined;
    const add = gather<number>((batch) => {
      batches.push(batch);
      return new Promise((resolve) => {
        finish = resolve;
      });
    }, 3);
    const first = add(1);
    const second = add(2);
    await new Promise(setImmediate);
    const later = [3, 4, 5, 6].map(add);
    await new Promise(setImmediate);
    assert.deepEqual(batches, [[1, 2]]);
    finish();
    await Promise.all([first, second]);
    await new Promise(setImmediate);
    finish();
    await Promise.all(later.slice(0, 3));
    await new Promise(setImmediate);
    finish();
    await Promise.all(later);
    assert.deepEqual(batches, [[1, 2], [3, 4, 5], [6]]);
  });
});
