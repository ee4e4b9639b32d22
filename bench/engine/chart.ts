/** The appends as a chart: for each number of callers a group of bars. */
import { type Bar, barChart } from '../figures/svg.ts';
import { count } from '../figures/text.ts';
import { names } from './names.ts';
import type { Row } from './report.ts';

const kindOf = (name: string): Bar['kind'] => {
  if (name === names.emmett) return 'peer';
  return name === names.singleRows || name === names.multiRows ? 'limit' : 'own';
};

/**
 * An SVG document. Rows other than appends are left out; `subtitle` stands under
 * the title and says on what machine this was.
 */
export function chart(rows: readonly Row[], subtitle: string): string {
  const appends = rows.filter(({ section }) => section === 'append');
  const groups = [...Map.groupBy(appends, (row) => row.callers ?? 1)].map(([callers, group]) => ({
    title: callers === 1 ? '1 caller' : `${callers} callers`,
    bars: group.map(({ name, rate }) => ({
      name,
      kind: kindOf(name),
      value: rate.median,
      min: rate.min,
      max: rate.max,
      figure: count(rate.median),
    })),
  }));
  const label = 'Durable appends a second, by number of callers';
  return barChart({ label, title: 'Durable appends a second', subtitle }, groups);
}
