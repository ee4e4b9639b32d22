import { z } from 'zod';
import { MAX_AMOUNT, type Minor, minorFromDecimal } from '../money/money.ts';

/** A setting that says "more than this": a decimal in major units, or nothing for no limit. */
export const amountLimit = z
  .string()
  .trim()
  .regex(/^\d{1,15}(\.\d{1,15})?$/, 'must be an amount in major units, such as 250 or 99.50')
  .optional();

/**
 * The limit in minor units. Fractions of the smallest unit are cut off, which changes
 * nothing, because no amount lies between. No limit, or one above every amount, is
 * MAX_AMOUNT.
 */
export function minorLimit(limit: string | undefined, decimals: number): Minor {
  if (limit === undefined) return MAX_AMOUNT;
  const [whole = '', fraction = ''] = limit.split('.');
  const text =
    decimals === 0 ? whole : `${whole}.${fraction.padEnd(decimals, '0').slice(0, decimals)}`;
  return minorFromDecimal(text, decimals) ?? MAX_AMOUNT;
}
