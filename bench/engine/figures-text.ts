/** Figures as people read them. */

import type { Row, Target } from './report.ts';
import type { Spread } from './statistics.ts';

const whole = new Intl.NumberFormat('en-US', { maximumFractionDigits: 0 });

/** `34,012`. */
export const count = (value: number): string => whole.format(value);

/** `34,012 (31,900–35,400)`: the middle round, the worst and the best. */
export const spread = ({ median, min, max }: Spread): string =>
  min === max ? count(median) : `${count(median)} (${count(min)}–${count(max)})`;

/** Milliseconds with three figures or so: `0.53`, `3.9`, `120`. */
export function milliseconds(ms: number | undefined): string {
  if (ms === undefined) return '';
  return ms < 1 ? ms.toFixed(2) : ms < 100 ? ms.toFixed(1) : count(ms);
}

/** `10^6`, or the number where it is no power of ten. */
export function stored(events: number | undefined): string {
  if (events === undefined) return '';
  const power = Math.log10(events);
  return Number.isInteger(power) ? `10^${power}` : count(events);
}

/** What was varied from row to row: callers or stored events. */
export const condition = ({ callers, stored: events }: Row): string =>
  events === undefined ? (callers === undefined ? '' : `${callers}`) : stored(events);

/** `12.3×`, `64%`, `3.9 ms`, `210,000/s`. */
export function amount({ unit }: Target, value: number): string {
  if (unit === '×') return `${value.toFixed(value < 10 ? 2 : 1)}×`;
  if (unit === '%') return `${value.toFixed(0)}%`;
  return unit === 'ms' ? `${milliseconds(value)} ms` : `${count(value)}/s`;
}
