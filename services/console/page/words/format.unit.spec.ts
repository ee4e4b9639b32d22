import assert from 'node:assert/strict';
import { longSpan, money, shortId, span } from './format.js';

describe('times and amounts, as people read them', () => {
  it('a span has its two largest units', () => {
    const hour = 3_600_000;
    assert.deepEqual([0.4, 340, 62_000, 200_000, 2 * hour + 300_000, 49 * hour].map(span), [
      '0 ms',
      '340 ms',
      '1 min 2 s',
      '3 min 20 s',
      '2 h 5 min',
      '2 d 1 h',
    ]);
    assert.deepEqual([-4_999, 999, 60_000].map(longSpan), ['4 s', '0 s', '1 min']);
  });

  it('an amount keeps every digit and the decimals of its currency', () => {
    const digits = (text: string) => text.replace(/\D/g, '');
    assert.equal(
      digits(money('90071992547409.93', { code: 'USD', decimals: 2 })),
      '9007199254740993',
    );
    assert.equal(digits(money('1200', { code: 'JPY', decimals: 0 })), '1200');
    assert.equal(digits(money('1.5', { code: 'BHD', decimals: 3 })), '1500');
  });

  it('a long id is known by its end, a short one as it is', () => {
    assert.equal(shortId('01a2050f-5465-76e5-8b7f-5e5c0491f06b'), '…0491f06b');
    assert.equal(shortId('order-7'), 'order-7');
  });
});
