import assert from 'node:assert/strict';
import { Refusal } from './refusal.ts';
import { wordsOf } from './words.ts';

describe('a name', () => {
  it('has a form for each place in code', () => {
    assert.deepEqual(wordsOf('sold-out'), {
      kebab: 'sold-out',
      camel: 'soldOut',
      pascal: 'SoldOut',
      snake: 'sold_out',
      upper: 'SOLD_OUT',
      flat: 'soldout',
      spoken: 'sold out',
    });
  });

  it('is refused if it is not plain words, or a word of JavaScript', () => {
    const wrong = ['', 'Sold', 'sold_out', 'sold--out', '-sold', '9th', '../sold', 'a'.repeat(31)];
    for (const name of [...wrong, 'delete']) assert.throws(() => wordsOf(name), Refusal, name);
  });
});
