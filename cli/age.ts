import { UsageError } from './option.ts';

const units: Readonly<Record<string, number>> = { s: 1, m: 60, h: 3_600, d: 86_400 };

/** Seconds of an age such as `90s`, `15m`, `2h` or `3d`. Throws UsageError that names `option`. */
export function secondsOf(option: string, text: string): number {
  const [, count, unit = ''] = /^(\d{1,7})([smhd])$/.exec(text) ?? [];
  const seconds = Number(count) * (units[unit] ?? Number.NaN);
  if (Number.isNaN(seconds)) {
    throw new UsageError(
      `${option}: must be a whole number and a unit, such as 90s, 15m, 2h or 3d`,
    );
  }
  return seconds;
}
