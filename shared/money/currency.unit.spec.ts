import assert from 'node:assert/strict';
import { currencies, currencyOf, currencyText } from './currency.ts';
import { onceWithoutDecimals, withoutDecimals } from './iso-4217.ts';

describe('a currency', () => {
  it('has the decimals that ISO 4217 gives it, whatever the runtime thinks', () => {
    const decimals = (code: string) => currencyOf(code)?.decimals;
    assert.deepEqual(['USD', 'JPY', 'KWD', 'CLF'].map(decimals), [2, 0, 3, 4]);
    // CLDR says 0 of these, or says something else in another release of the same Node.
    assert.deepEqual(['HUF', 'RSD', 'MGA', 'IQD', 'ISK'].map(decimals), [2, 2, 2, 3, 0]);
  });

  it('is named in upper case, and is money', () => {
    for (const code of ['', 'usd', 'ZZZ', 'DOLLAR', ...withoutDecimals]) {
      assert.equal(currencyOf(code), undefined, code);
    }
  });

  it('that is withdrawn is read as before, for a log may be kept in it', () => {
    assert.deepEqual(currencyOf('BGN'), { code: 'BGN', decimals: 2 });
  });

  it('that older releases counted without decimals has some, and is known', () => {
    for (const code of onceWithoutDecimals) assert.ok((currencyOf(code)?.decimals ?? 0) > 0, code);
  });

  it('each has one number of decimals', () => {
    const codes = currencies.map(({ code }) => code);
    assert.deepEqual(codes, [...new Set(codes)].sort());
    assert.equal(codes.length, 165 + 6, 'those of list one, and the withdrawn');
    for (const currency of currencies) assert.deepEqual(currencyOf(currency.code), currency);
    assert.equal(currencyText({ code: 'JPY', decimals: 0 }), 'JPY (0 decimals)');
  });
});
