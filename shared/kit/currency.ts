/**
 * How many decimals the currency `code` (ISO 4217, such as `USD`) has, from 0
 * to 4; undefined where there is no such currency. All amounts in the log
 * depend on it, so a running system cannot change its currency.
 */
export function currencyDecimals(code: string): number | undefined {
  if (!Intl.supportedValuesOf('currency').includes(code)) return undefined;
  const format = new Intl.NumberFormat('en', { style: 'currency', currency: code });
  return format.resolvedOptions().maximumFractionDigits;
}
