import assert from 'node:assert/strict';
import { MAX_AMOUNT } from '../money/money.ts';
import { amountLimit, minorLimit } from './amount-limit.ts';

describe('amount limit', () => {
  it('is read in major units of the currency', () => {
    assert.equal(minorLimit('250', 2), 25_000);
    assert.equal(minorLimit('99.5', 2), 9_950);
    assert.equal(minorLimit('99', 0), 99);
  });

  it('cuts off what is below the smallest unit', () => {
    assert.equal(minorLimit('0.999', 2), 99);
    assert.equal(minorLimit('1.9', 0), 1);
  });

  it('is above every amount where there is none', () => {
    assert.equal(minorLimit(undefined, 2), MAX_AMOUNT);
    assert.equal(minorLimit('999999999999999', 2), MAX_AMOUNT);
  });

  it('refuses what is no amount', () => {
    for (const text of ['-1', '1e3', 'many', '1,5', '.5', '1.']) {
      assert.ok(!amountLimit.safeParse(text).success, text);
    }
    assert.ok(amountLimit.safeParse(undefined).success);
  });
});
