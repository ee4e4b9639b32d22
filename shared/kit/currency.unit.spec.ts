import assert from 'node:assert/strict';
import { currencyDecimals } from './currency.ts';

describe('currencyDecimals', () => {
  it('is what the currency has', () => {
    assert.equal(currencyDecimals('USD'), 2);
    assert.equal(currencyDecimals('JPY'), 0);
    assert.equal(currencyDecimals('KWD'), 3);
  });

  it('a code that names no currency has none', () => {
    for (const code of ['', 'usd', 'ZZZ', 'DOLLAR']) {
      assert.equal(currencyDecimals(code), undefined, code);
    }
  });
});
