/**
 * An amount of money in minor units (cents) of the one configured currency: a
 * safe integer, never a fraction, so that sums are exact. Only the edge knows
 * of decimal points.
 */
export type Minor = number & { readonly __unit: 'minor' };

/** The most any order may cost, in minor units: leaves every sum here a safe integer. */
export const MAX_AMOUNT = 1_000_000_000_000 as Minor;

/** `value` as minor units. Throws RangeError for anything but an integer from 0 to MAX_AMOUNT. */
export function minor(value: number): Minor {
  if (!Number.isInteger(value) || value < 0 || value > MAX_AMOUNT) {
    throw new RangeError(`${value} is not an amount: a whole number from 0 to ${MAX_AMOUNT}`);
  }
  return value as Minor;
}

/**
 * Reads a decimal as it was written, such as `12.5` or `1.250e1`, as minor
 * units of a currency with `decimals` decimals. Undefined where it is no plain
 * number, is negative, is out of range, or has more decimals than the currency
 * (zeros at the end do not count).
 */
export function minorFromDecimal(text: string, decimals: number): Minor | undefined {
  const parts = /^(\d+)(?:\.(\d+))?(?:[eE]([+-]?\d{1,3}))?$/.exec(text);
  if (!parts) return undefined;
  const [, whole = '', fraction = '', exponent = '0'] = parts;
  // value = digits × 10^-scale; shift it by `decimals` and see what is left over.
  const scale = fraction.length - Number(exponent) - decimals;
  const digits = whole + fraction;
  const kept = scale > 0 ? digits.slice(0, -scale || undefined) : digits + '0'.repeat(-scale);
  const lost = scale > 0 ? digits.slice(-scale) : '';
  if (/[1-9]/.test(lost)) return undefined;
  const value = Number((scale >= digits.length ? '' : kept).replace(/^0+/, '') || '0');
  return value <= MAX_AMOUNT ? (value as Minor) : undefined;
}

/**
 * The decimal number of major units that stands for `amount` in the contract's
 * JSON. Exact up to MAX_AMOUNT: the shortest text of the nearest double is the
 * decimal itself.
 */
export function majorUnits(amount: Minor, decimals: number): number {
  return Number(decimalText(amount, decimals));
}

/** `amount` as people write it, with all decimals: `12.50`. */
export function decimalText(amount: Minor, decimals: number): string {
  const digits = String(amount).padStart(decimals + 1, '0');
  if (decimals === 0) return digits;
  return `${digits.slice(0, -decimals)}.${digits.slice(-decimals)}`;
}
