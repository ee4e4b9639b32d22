/** docs/metrics.md, made from the list of metrics. */
import { eventStoreMetrics, orderMetrics } from '../shared/contracts/metric-list.ts';
import { frameMetrics } from '../shared/kit/metrics/frame-metrics.ts';
import { exposedLabel, exposedName, type Metric } from '../shared/kit/metrics/metric.ts';

const groups: readonly (readonly [string, Readonly<Record<string, Metric>>])[] = [
  ['Every service', frameMetrics],
  ['eventstoresvc', eventStoreMetrics],
  ['Orders', orderMetrics],
];

const HEAD = `# Metrics

Each service answers \`GET /metrics\` on its admin port in Prometheus' text format, and in OpenMetrics to scrapers that ask for it: there the buckets of a histogram carry the trace id of a sampled example. Names and labels are those of OpenTelemetry's semantic conventions where it has them, written as Prometheus writes them.

This page is made from [the list in the code](../shared/contracts/metric-list.ts), by which each instrument is made: one that is not on the list does not compile. A histogram \`x\` is queried as \`x_bucket\`, \`x_sum\` and \`x_count\`. A label without a value is left out. Counters begin at 0 when the process starts; gauges about the log, its consumers, orders and deadlines are read from SQL, so restarts change nothing, and each process that shows them shows the same: take the \`max\`.
`;

/** The whole page. */
export const metricsPage = (): string =>
  [HEAD, ...groups.map(([title, list]) => section(title, Object.values(list)))].join('\n');

function section(title: string, metrics: readonly Metric[]): string {
  const rows = metrics
    .toSorted((one, other) => (exposedName(one) < exposedName(other) ? -1 : 1))
    .map(row);
  return `## ${title}\n\n| name | kind | labels | |\n|---|---|---|---|\n${rows.join('\n')}\n`;
}

function row(metric: Metric): string {
  const labels = metric.labels.map((label) => `\`${exposedLabel(label)}\``).join(', ');
  return `| \`${exposedName(metric)}\` | ${metric.kind} | ${labels} | ${metric.help} |`;
}
