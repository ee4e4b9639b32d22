/**
 * What payment gateways charge, currency by currency. A gateway has its own idea of a
 * currency's smallest unit, its possible amounts, and its minimum payment. Amounts that no
 * gateway could charge are refused at the edge. The rules are the same for every gateway,
 * so that the simulated one treats an order like the real one.
 *
 * Stripe's are those of https://docs.stripe.com/currencies as it stood on 2026-09-27.
 */
import type { Currency } from '../money/currency.ts';
import { decimalText, type Minor } from '../money/money.ts';

/** What can be charged in one currency. Amounts are in minor units of ISO 4217. */
export interface Charging {
  readonly currency: Currency;
  /** Only multiples of this can be charged. */
  readonly step: number;
  /** The least that can be charged, except for nothing, which needs no gateway. */
  readonly least: Minor;
}

/** How Stripe counts a currency. */
export interface StripeCharging extends Charging {
  /** Stripe writes its codes in lower case. */
  readonly stripeCode: string;
  /** The amount for Stripe. Throws RangeError for an amount that it cannot charge. */
  stripeAmount(amount: Minor): number;
}

const codes = (text: string): ReadonlySet<string> => new Set(text.trim().split(/\s+/));

/**
 * Currencies that can be charged by card. Some work only in some countries: an account
 * that lacks one declines its debits. Stripe's list also has ANG and STD, which ISO 4217
 * no longer has.
 */
const stripeCurrencies = codes(`
  AED AFN ALL AMD AOA ARS AUD AWG AZN BAM BBD BDT BHD BIF BMD BND BOB BRL BSD BWP BYN BZD CAD
  CDF CHF CLP CNY COP CRC CVE CZK DJF DKK DOP DZD EGP ETB EUR FJD FKP GBP GEL GIP GMD GNF GTQ
  GYD HKD HNL HTG HUF IDR ILS INR ISK JMD JOD JPY KES KGS KHR KMF KRW KWD KYD KZT LAK LBP LKR
  LRD LSL MAD MDL MGA MKD MMK MNT MOP MUR MVR MWK MXN MYR MZN NAD NGN NIO NOK NPR NZD OMR PAB
  PEN PGK PHP PKR PLN PYG QAR RON RSD RUB RWF SAR SBD SCR SEK SGD SHP SLE SOS SRD SZL THB TJS
  TND TOP TRY TTD TWD TZS UAH UGX USD UYU UZS VND VUV WST XAF XCD XCG XOF XPF YER ZAR ZMW
`);

/** Stripe's amount is the number of whole major units. */
const wholeUnits = codes('BIF CLP DJF GNF JPY KMF KRW MGA PYG RWF VND VUV XAF XOF XPF');

/** Whole major units too, and yet counted in hundredths: amounts must be divisible by 100. */
const wholeUnitsInHundredths = codes('ISK UGX');

/** Counted in thousandths, of which the last digit must be 0. */
const thousandths = codes('BHD JOD KWD OMR TND');

/**
 * The least that can be charged, in major units as Stripe writes it. Stripe has no
 * minimum for other currencies.
 */
const stripeMinimums: Readonly<Record<string, number>> = {
  AED: 2,
  ARS: 0.5,
  AUD: 0.5,
  BRL: 0.5,
  CAD: 0.5,
  CHF: 0.5,
  COP: 0.5,
  CZK: 15,
  DKK: 2.5,
  EUR: 0.5,
  GBP: 0.3,
  HKD: 4,
  HUF: 175,
  IDR: 0.5,
  ILS: 0.5,
  INR: 0.5,
  JPY: 50,
  KRW: 50,
  MXN: 10,
  MYR: 2,
  NOK: 3,
  NZD: 0.5,
  PHP: 0.5,
  PLN: 2,
  RON: 2,
  RUB: 0.5,
  SEK: 3,
  SGD: 0.5,
  THB: 10,
  USD: 0.5,
  ZAR: 0.5,
};

/** Decimals of the unit that Stripe counts in, and the number of such units that amounts are multiples of. */
function stripeUnit(code: string): { readonly decimals: number; readonly multiple: number } {
  if (wholeUnits.has(code)) return { decimals: 0, multiple: 1 };
  if (wholeUnitsInHundredths.has(code)) return { decimals: 2, multiple: 100 };
  if (thousandths.has(code)) return { decimals: 3, multiple: 10 };
  return { decimals: 2, multiple: 1 };
}

/** How Stripe charges in `currency`; undefined if it does not. */
export function stripeCharging(currency: Currency): StripeCharging | undefined {
  const { code, decimals } = currency;
  if (!stripeCurrencies.has(code)) return undefined;
  const unit = stripeUnit(code);
  // Stripe's units in a minor unit, as a fraction of whole numbers: 100 in one for ISK, one in 100 for MGA.
  const [units, minors] = [
    10 ** Math.max(0, unit.decimals - decimals),
    10 ** Math.max(0, decimals - unit.decimals),
  ];
  const step = Math.max(1, (unit.multiple * minors) / units);
  const least = stripeMinimums[code];
  return {
    currency,
    step,
    least: (least === undefined ? step : Math.round(least * 10 ** decimals)) as Minor,
    stripeCode: code.toLowerCase(),
    stripeAmount(amount) {
      if (amount % step !== 0) throw new RangeError(`${amount} is not a multiple of ${step}`);
      return (amount / minors) * units;
    },
  };
}

/**
 * What an order in `currency` may cost: Stripe's rules if Stripe has the currency; for
 * all others, which only the simulated gateway charges, whatever ISO 4217 allows.
 */
export function charging(currency: Currency): Charging {
  return stripeCharging(currency) ?? { currency, step: 1, least: 1 as Minor };
}

/** Why `amount` cannot be charged, for people; undefined if it can, or is 0. */
export function unchargeable(
  amount: Minor,
  { currency, step, least }: Charging,
): string | undefined {
  if (amount === 0) return undefined;
  const text = (of: number) => `${decimalText(of as Minor, currency.decimals)} ${currency.code}`;
  if (amount % step !== 0)
    return `${text(amount)} cannot be charged: it is not a multiple of ${text(step)}`;
  if (amount < least) return `${text(amount)} cannot be charged: the minimum is ${text(least)}`;
  return undefined;
}
