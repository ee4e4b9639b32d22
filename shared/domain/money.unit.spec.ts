import assert from 'node:assert/strict';
import fc from 'fast-check';
import { decimalText, MAX_AMOUNT, majorUnits, minor, minorFromDecimal } from './money.ts';

describe('money', () => {
  it('reads decimals as written', () => {
    const read = (text: string) => minorFromDecimal(text, 2);
    assert.equal(read('12.5'), 1250);
    assert.equal(read('12.50'), 1250);
    assert.equal(read('12.500'), 1250, 'zeros at the end say nothing');
    assert.equal(read('0'), 0);
    assert.equal(read('1.25e1'), 1250);
    assert.equal(read('125e-1'), 1250);
    assert.equal(read('1e3'), 100000);
    assert.equal(read('0.005e1'), 5);
    assert.equal(read('5e-2'), 5);
  });

  it('refuses what the currency cannot say', () => {
    for (const text of [
      '0.001',
      '12.505',
      '5e-3',
      '-1',
      '+1',
      '1.',
      '.5',
      '',
      'NaN',
      '1e999',
      '0x10',
    ]) {
      assert.equal(minorFromDecimal(text, 2), undefined, text);
    }
    assert.equal(minorFromDecimal('1.5', 0), undefined);
    assert.equal(minorFromDecimal('10000000000.01', 2), undefined, 'above the maximum');
  });

  it('every amount survives the way into JSON and back, for every number of decimals', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 0, max: MAX_AMOUNT }),
        fc.integer({ min: 0, max: 4 }),
        (n, decimals) => {
          const amount = minor(n);
          const json = JSON.stringify(majorUnits(amount, decimals));
          assert.equal(minorFromDecimal(json, decimals), amount);
          assert.equal(minorFromDecimal(decimalText(amount, decimals), decimals), amount);
        },
      ),
    );
  });

  it('an amount is a whole number in range', () => {
    for (const n of [-1, 0.5, Number.NaN, MAX_AMOUNT + 1])
      assert.throws(() => minor(n), RangeError);
  });
});
