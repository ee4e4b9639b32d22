import assert from 'node:assert/strict';
import fc from 'fast-check';
import { type Currency, currencies, currencyOf } from '../money/currency.ts';
import { type Minor, minor } from '../money/money.ts';
import { charging, stripeCharging, unchargeable } from './charging.ts';

/**
 * Every currency with its decimals; then, where Stripe charges in it, the step and the
 * least in minor units of ISO 4217, and what Stripe is asked for where one step is
 * charged. Made from the sources by other means than the tables: a change of either
 * must be meant.
 */
const frozen = `
  AED 2 1 200 1; AFN 2 1 1 1; ALL 2 1 1 1; AMD 2 1 1 1; ANG 2; AOA 2 1 1 1; ARS 2 1 50 1;
  AUD 2 1 50 1; AWG 2 1 1 1; AZN 2 1 1 1; BAM 2 1 1 1; BBD 2 1 1 1; BDT 2 1 1 1; BGN 2;
  BHD 3 10 10 10; BIF 0 1 1 1; BMD 2 1 1 1; BND 2 1 1 1; BOB 2 1 1 1; BOV 2; BRL 2 1 50 1;
  BSD 2 1 1 1; BTN 2; BWP 2 1 1 1; BYN 2 1 1 1; BZD 2 1 1 1; CAD 2 1 50 1; CDF 2 1 1 1; CHE 2;
  CHF 2 1 50 1; CHW 2; CLF 4; CLP 0 1 1 1; CNY 2 1 1 1; COP 2 1 50 1; COU 2; CRC 2 1 1 1; CUC 2;
  CUP 2; CVE 2 1 1 1; CZK 2 1 1500 1; DJF 0 1 1 1; DKK 2 1 250 1; DOP 2 1 1 1; DZD 2 1 1 1;
  EGP 2 1 1 1; ERN 2; ETB 2 1 1 1; EUR 2 1 50 1; FJD 2 1 1 1; FKP 2 1 1 1; GBP 2 1 30 1;
  GEL 2 1 1 1; GHS 2; GIP 2 1 1 1; GMD 2 1 1 1; GNF 0 1 1 1; GTQ 2 1 1 1; GYD 2 1 1 1;
  HKD 2 1 400 1; HNL 2 1 1 1; HRK 2; HTG 2 1 1 1; HUF 2 1 17500 1; IDR 2 1 50 1; ILS 2 1 50 1;
  INR 2 1 50 1; IQD 3; IRR 2; ISK 0 1 1 100; JMD 2 1 1 1; JOD 3 10 10 10; JPY 0 1 50 1;
  KES 2 1 1 1; KGS 2 1 1 1; KHR 2 1 1 1; KMF 0 1 1 1; KPW 2; KRW 0 1 50 1; KWD 3 10 10 10;
  KYD 2 1 1 1; KZT 2 1 1 1; LAK 2 1 1 1; LBP 2 1 1 1; LKR 2 1 1 1; LRD 2 1 1 1; LSL 2 1 1 1;
  LYD 3; MAD 2 1 1 1; MDL 2 1 1 1; MGA 2 100 100 1; MKD 2 1 1 1; MMK 2 1 1 1; MNT 2 1 1 1;
  MOP 2 1 1 1; MRU 2; MUR 2 1 1 1; MVR 2 1 1 1; MWK 2 1 1 1; MXN 2 1 1000 1; MXV 2; MYR 2 1 200 1;
  MZN 2 1 1 1; NAD 2 1 1 1; NGN 2 1 1 1; NIO 2 1 1 1; NOK 2 1 300 1; NPR 2 1 1 1; NZD 2 1 50 1;
  OMR 3 10 10 10; PAB 2 1 1 1; PEN 2 1 1 1; PGK 2 1 1 1; PHP 2 1 50 1; PKR 2 1 1 1; PLN 2 1 200 1;
  PYG 0 1 1 1; QAR 2 1 1 1; RON 2 1 200 1; RSD 2 1 1 1; RUB 2 1 50 1; RWF 0 1 1 1; SAR 2 1 1 1;
  SBD 2 1 1 1; SCR 2 1 1 1; SDG 2; SEK 2 1 300 1; SGD 2 1 50 1; SHP 2 1 1 1; SLE 2 1 1 1; SLL 2;
  SOS 2 1 1 1; SRD 2 1 1 1; SSP 2; STN 2; SVC 2; SYP 2; SZL 2 1 1 1; THB 2 1 1000 1; TJS 2 1 1 1;
  TMT 2; TND 3 10 10 10; TOP 2 1 1 1; TRY 2 1 1 1; TTD 2 1 1 1; TWD 2 1 1 1; TZS 2 1 1 1;
  UAH 2 1 1 1; UGX 0 1 1 100; USD 2 1 50 1; USN 2; UYI 0; UYU 2 1 1 1; UYW 4; UZS 2 1 1 1; VED 2;
  VES 2; VND 0 1 1 1; VUV 0 1 1 1; WST 2 1 1 1; XAD 2; XAF 0 1 1 1; XCD 2 1 1 1; XCG 2 1 1 1;
  XOF 0 1 1 1; XPF 0 1 1 1; YER 2 1 1 1; ZAR 2 1 50 1; ZMW 2 1 1 1; ZWG 2; ZWL 2
`;

const of = (code: string): Currency => currencyOf(code) ?? assert.fail(code);

/** What Stripe is asked for where an order says `major`. */
function asked(code: string, major: number): number | undefined {
  const currency = of(code);
  return stripeCharging(currency)?.stripeAmount(minor(Math.round(major * 10 ** currency.decimals)));
}

describe('charging', () => {
  it('is, for every currency of ISO 4217 and of Stripe, as the frozen table has it', () => {
    const now = currencies.map((currency) => {
      const stripe = stripeCharging(currency);
      const row = [currency.code, currency.decimals];
      if (stripe === undefined) return row.join(' ');
      const { step, least } = stripe;
      return [...row, step, least, stripe.stripeAmount(step as Minor)].join(' ');
    });
    assert.deepEqual(now, frozen.trim().split(/;\s+/));
  });

  it('Stripe is asked for what the order says, whatever unit it counts in', () => {
    assert.equal(asked('USD', 19.99), 1_999);
    assert.equal(asked('HUF', 4_990), 499_000, 'not 49.90');
    assert.equal(asked('JPY', 500), 500);
    assert.equal(asked('KWD', 5.12), 5_120);
    assert.equal(asked('ISK', 500), 50_000, 'hundredths that are always 00');
    assert.equal(asked('UGX', 500), 50_000);
    assert.equal(asked('MGA', 500), 500, 'no decimals, though ISO 4217 has two');
    assert.equal(asked('IQD', 5), undefined, 'not one of its currencies');
  });

  it('Stripe is asked for no part of its unit', () => {
    for (const [code, amount] of [
      ['KWD', 5_124],
      ['MGA', 4_990_50],
    ] as const) {
      assert.throws(() => stripeCharging(of(code))?.stripeAmount(minor(amount)), RangeError);
    }
  });

  it('every amount that can be charged is a whole number of Stripe, worth the same', () => {
    const charged = currencies.map(stripeCharging).filter((one) => one !== undefined);
    fc.assert(
      fc.property(fc.constantFrom(...charged), fc.nat(1_000_000), (one, steps) => {
        const amount = minor(steps * one.step);
        const stripe = one.stripeAmount(amount);
        assert.ok(Number.isSafeInteger(stripe));
        const unit = one.stripeAmount(minor(one.step)) / one.step;
        assert.ok(Math.abs(stripe / unit - amount) < 1e-6);
      }),
    );
  });

  it('what no gateway could take is refused with the reason: a part of the step, and too little', () => {
    const why = (code: string, amount: number) => unchargeable(minor(amount), charging(of(code)));
    assert.equal(why('USD', 50), undefined);
    assert.equal(why('USD', 49), '0.49 USD cannot be charged: the minimum is 0.50 USD');
    assert.equal(
      why('KWD', 5_124),
      '5.124 KWD cannot be charged: it is not a multiple of 0.010 KWD',
    );
    assert.equal(why('JPY', 49), '49 JPY cannot be charged: the minimum is 50 JPY');
    for (const { code } of currencies)
      assert.equal(why(code, 0), undefined, 'nothing needs no gateway');
  });

  it('a currency that only the simulated gateway has is charged as ISO 4217 says', () => {
    assert.deepEqual(charging(of('IRR')), { currency: of('IRR'), step: 1, least: 1 });
  });
});
