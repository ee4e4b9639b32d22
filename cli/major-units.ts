/**
 * A sum of minor units as people write it, with all decimals: `-0.05`. Sums may exceed the
 * largest single amount, and a book that is damaged may hold a negative one.
 */
export function majorText(minor: bigint, decimals: number): string {
  const digits = String(minor < 0n ? -minor : minor).padStart(decimals + 1, '0');
  const whole = digits.slice(0, digits.length - decimals);
  const fraction = decimals === 0 ? '' : `.${digits.slice(-decimals)}`;
  return `${minor < 0n ? '-' : ''}${whole}${fraction}`;
}

/** The same for `--json`: a number of major units, as ordersvc answers amounts. */
export const majorNumber = (minor: bigint, decimals: number): number =>
  Number(majorText(minor, decimals));
