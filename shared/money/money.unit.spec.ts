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

  it('an exponent is read however it is written', () => {
    const read = (text: string) => minorFromDecimal(text, 2);
    assert.equal(read('1e0001'), 1_000);
    assert.equal(read('1E+0000'), 100);
    assert.equal(read('500e-0002'), 500);
    assert.equal(read(`1e${'0'.repeat(1_000)}3`), 100_000);
    assert.equal(read(`1${'0'.repeat(2_000)}e-2000`), 100);
    assert.equal(read(`0.${'0'.repeat(2_000)}1e2001`), 100);
    for (const nothing of ['0e999999', '0.00e-999999', `0e${'9'.repeat(1_000)}`]) {
      assert.equal(read(nothing), 0, nothing);
    }
    for (const wrong of ['1e9999', '1e-9999', `1e${'9'.repeat(400)}`, `1e-${'9'.repeat(400)}`]) {
      assert.equal(read(wrong), undefined, wrong);
    }
  });

  it('takes no longer than the text is long', () => {
    // Hours, and so a failure, where it is the square of the length.
    const many = '0'.repeat(1_000_000);
    for (const text of [`1${many}1`, `0.${many}1`, `1e${many}x`, `1e-${many}3`, `${many}e1e1`]) {
      assert.equal(minorFromDecimal(text, 2), undefined);
    }
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

  it('nothing and the most are amounts, and are read and written as such', () => {
    for (const amount of [0, 1, MAX_AMOUNT]) {
      assert.equal(minor(amount), amount);
      assert.equal(minorFromDecimal(String(amount), 0), amount);
    }
    assert.equal(minorFromDecimal('10000000000.00', 2), MAX_AMOUNT);
    assert.equal(decimalText(minor(0), 2), '0.00');
    assert.equal(decimalText(minor(5), 2), '0.05');
    assert.equal(decimalText(minor(123), 2), '1.23');
    assert.equal(decimalText(minor(7), 0), '7');
  });
});
