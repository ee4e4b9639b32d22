/** What the rows of the engine say, as people read it. */
import { count } from '../figures/text.ts';
import type { Row } from './report.ts';

/** `10^6`, or the number where it is no power of ten. */
export function stored(events: number | undefined): string {
  if (events === undefined) return '';
  const power = Math.log10(events);
  return Number.isInteger(power) ? `10^${power}` : count(events);
}

/** What was varied from row to row: callers or stored events. */
export const condition = ({ callers, stored: events }: Row): string =>
  events === undefined ? (callers === undefined ? '' : `${callers}`) : stored(events);
