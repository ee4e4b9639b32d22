import { byDecimals, withdrawn } from './iso-4217.ts';

/**
 * The currency that a log is kept in. All amounts in the log depend on its decimals,
 * so a log has one currency for good.
 */
export interface Currency {
  /** ISO 4217, upper case: `USD`. */
  readonly code: string;
  /** From 0 to 4: the minor unit is the major one divided by 10 this many times. */
  readonly decimals: number;
}

const known: ReadonlyMap<string, Currency> = new Map(
  [...byDecimals, [2, withdrawn] as const].flatMap(([decimals, codes]) =>
    codes.map((code): [string, Currency] => [code, { code, decimals }]),
  ),
);

/** The currency with `code` in ISO 4217 now or until lately; undefined if there is none for amounts of money. */
export const currencyOf = (code: string): Currency | undefined => known.get(code);

/** All currencies, by their codes. */
export const currencies: readonly Currency[] = [...known.values()].sort((one, other) =>
  one.code < other.code ? -1 : 1,
);

/** For people: `USD (2 decimals)`. */
export const currencyText = ({ code, decimals }: Currency): string =>
  `${code} (${decimals} decimals)`;
