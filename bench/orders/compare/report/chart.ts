/** Completed orders as a chart: for each number of callers a group of bars. */
import { type Bar, barChart } from '../../../figures/svg.ts';
import { count } from '../../../figures/text.ts';
import { names } from './names.ts';
import type { ComparisonReport } from './report.ts';

const kindOf = (name: string): Bar['kind'] => {
  if (name === names.bare) return 'limit';
  return name === names.product || name === names.allTraced ? 'own' : 'peer';
};

/** An SVG document. */
export function chart({ rows, machine, at }: ComparisonReport): string {
  const closed = rows.filter(({ part }) => part === 'callers');
  const groups = [...Map.groupBy(closed, ({ amount }) => amount)].map(([callers, own]) => ({
    title: `${callers} callers`,
    bars: own.map(({ name, figures: { completedPerSecond: rate } }) => ({
      name,
      kind: kindOf(name),
      value: rate.median,
      min: rate.min,
      max: rate.max,
      figure: count(rate.median),
    })),
  }));
  return barChart(
    {
      label: 'Completed orders a second, by number of callers',
      title: 'Completed orders a second',
      subtitle: `${machine.cpus} × ${machine.cpu}, Node ${machine.node}; ${at.slice(0, 10)}`,
    },
    groups,
  );
}
