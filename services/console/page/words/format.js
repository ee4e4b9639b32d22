/** Times, amounts and counts as people read them. Pure. */

const whole = new Intl.NumberFormat(undefined, { maximumFractionDigits: 0 });
const brief = new Intl.NumberFormat(undefined, { maximumFractionDigits: 1 });
const clock = new Intl.DateTimeFormat(undefined, {
  hour: '2-digit',
  minute: '2-digit',
  second: '2-digit',
});
const day = new Intl.DateTimeFormat(undefined, { day: 'numeric', month: 'short' });

/** 12,480 */
export const count = (/** @type {number} */ value) => whole.format(value);

/** At most one decimal below a hundred, none above: 3.4, 786. */
export const rate = (/** @type {number} */ value) =>
  value < 100 ? brief.format(value) : whole.format(value);

/**
 * A span of time with its two largest units: 340 ms, 4.2 s, 3 min 20 s, 2 h 5 min.
 * @param {number} ms
 */
export function span(ms) {
  const size = Math.abs(ms);
  if (size < 1_000) return `${Math.round(size)} ms`;
  if (size < 10_000) return `${brief.format(size / 1_000)} s`;
  return longSpan(size);
}

/**
 * As `span`, in whole seconds: for clocks that run.
 * @param {number} ms
 */
export function longSpan(ms) {
  const seconds = Math.floor(Math.abs(ms) / 1_000);
  const parts = [
    [Math.floor(seconds / 86_400), 'd'],
    [Math.floor(seconds / 3_600) % 24, 'h'],
    [Math.floor(seconds / 60) % 60, 'min'],
    [seconds % 60, 's'],
  ];
  const first = parts.findIndex(([amount]) => amount !== 0);
  if (first === -1) return '0 s';
  return parts
    .slice(first, first + 2)
    .filter(([amount]) => amount !== 0)
    .map(([amount, unit]) => `${amount} ${unit}`)
    .join(' ');
}

/**
 * 21:40:07, and the day if it is another one.
 * @param {string} iso
 * @param {number} now
 */
export function moment(iso, now) {
  const at = new Date(iso);
  const sameDay = new Date(now).toDateString() === at.toDateString();
  return sameDay ? clock.format(at) : `${day.format(at)}, ${clock.format(at)}`;
}

/** @type {Map<string, Intl.NumberFormat>} */
const moneys = new Map();

/**
 * An amount in major units, as the currency is written: €19.00.
 * @param {string | number} amount
 * @param {{ readonly code: string, readonly decimals: number }} currency
 */
export function money(amount, { code, decimals }) {
  let format = moneys.get(code);
  if (format === undefined) {
    format = new Intl.NumberFormat(undefined, {
      style: 'currency',
      currency: code,
      currencyDisplay: 'narrowSymbol',
      minimumFractionDigits: decimals,
      maximumFractionDigits: decimals,
    });
    moneys.set(code, format);
  }
  // A text keeps every digit; the types of Intl know numbers only.
  return format.format(/** @type {number} */ (amount));
}

/** The end of an id: ids begin with their time, so that beginnings look alike. */
export const shortId = (/** @type {string} */ id) => (id.length > 14 ? `…${id.slice(-8)}` : id);
