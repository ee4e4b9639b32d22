/**
 * An amount of money in minor units (cents) of the one configured currency: a safe
 * integer, never a fraction, so that sums are exact. Only the edge handles decimal
 * points.
 */
export type Minor = number & { readonly __unit: 'minor' };

/** The largest amount, in minor units: it keeps every sum here a safe integer. */
export const MAX_AMOUNT = 1_000_000_000_000 as Minor;

/** `value` as minor units. Throws RangeError for anything but an integer from 0 to MAX_AMOUNT. */
export function minor(value: number): Minor {
  if (!Number.isInteger(value) || value < 0 || value > MAX_AMOUNT) {
    throw new RangeError(`${value} is not an amount: a whole number from 0 to ${MAX_AMOUNT}`);
  }
  return value as Minor;
}

/** More digits than this exceed MAX_AMOUNT. */
const MOST_DIGITS = String(MAX_AMOUNT).length;

/**
 * Reads a decimal as it was written, such as `12.5`, `1.250e1` or `1e0001`, as minor
 * units of a currency with `decimals` decimals. Undefined if it is no plain number, is
 * negative, is out of range, or has more decimals than the currency (trailing zeros do
 * not count). Takes time and memory in proportion to the text, whatever its exponent.
 */
export function minorFromDecimal(text: string, decimals: number): Minor | undefined {
  const parts = /^(\d+)(?:\.(\d+))?(?:[eE]([+-]?\d+))?$/.exec(text);
  if (!parts) return undefined;
  const [, whole = '', fraction = '', exponent = '0'] = parts;
  const written = whole + fraction;
  const first = written.search(/[1-9]/);
  if (first < 0) return 0 as Minor;
  // Not by a pattern: looking for zeros at an end takes the square of their number.
  let end = written.length;
  while (written[end - 1] === '0') end--;
  const digits = written.slice(first, end);
  // value = digits × 10^zeros; an exponent too long for a number is Infinity, and as wrong.
  const zeros = written.length - end - fraction.length + Number(exponent) + decimals;
  if (zeros < 0 || digits.length + zeros > MOST_DIGITS) return undefined;
  const value = Number(digits + '0'.repeat(zeros));
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
