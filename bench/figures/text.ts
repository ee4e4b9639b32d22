/** Figures as people read them. */
import type { Spread } from './spread.ts';

const whole = new Intl.NumberFormat('en-US', { maximumFractionDigits: 0 });

/** `34,012`. */
export const count = (value: number): string => whole.format(value);

/** `34,012 (31,900–35,400)`: the middle round, the worst and the best. */
export const spread = ({ median, min, max }: Spread, as = count): string =>
  min === max ? as(median) : `${as(median)} (${as(min)}–${as(max)})`;

/** Three figures or so: `0.53`, `3.9`, `120`. */
export const some = (value: number): string =>
  value < 1 ? value.toFixed(2) : value < 100 ? value.toFixed(1) : count(value);

/** Milliseconds as `some`; nothing where there was no time. */
export const milliseconds = (ms: number | undefined): string => (ms === undefined ? '' : some(ms));
