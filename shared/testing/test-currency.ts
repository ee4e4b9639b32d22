import { type Currency, currencyOf } from '../money/currency.ts';

/** A currency that exists. */
export function currency(code: string): Currency {
  const found = currencyOf(code);
  if (found === undefined) throw new Error(`there is no currency ${code}`);
  return found;
}

/** The default of every service. */
export const usd = currency('USD');
