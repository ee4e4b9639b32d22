/** All metrics as text for Prometheus. Pure. */
import { exposedLabel, exposedName, familyName, type LabelValue, unitSuffix } from './metric.ts';
import type { Exemplar, Family, Series } from './registry.ts';

/** Prometheus' own format, which every tool reads, or OpenMetrics, which has exemplars. */
export type Format = 'text' | 'openmetrics';

export const contentTypes: Readonly<Record<Format, string>> = {
  text: 'text/plain; version=0.0.4; charset=utf-8',
  openmetrics: 'application/openmetrics-text; version=1.0.0; charset=utf-8',
};

/** OpenMetrics for who names it in the header `Accept`, else Prometheus' own. */
export const formatFor = (accept: string | undefined): Format =>
  accept?.includes('application/openmetrics-text') ? 'openmetrics' : 'text';

/** `families`, each with its kind and its help; those without a series are left out. */
export function exposed(families: readonly Family[], format: Format): string {
  const shown = families.filter(({ series }) => series.length > 0);
  const text = shown.map((family) => familyText(family, format)).join('');
  return format === 'openmetrics' ? `${text}# EOF\n` : text;
}

function familyText({ metric, series }: Family, format: Format): string {
  const name = exposedName(metric);
  // In OpenMetrics a counter's family lacks the end of its samples' name.
  const family = format === 'openmetrics' ? familyName(metric) : name;
  const unit = unitSuffix(metric);
  const head = [
    `# HELP ${family} ${format === 'openmetrics' ? quotable(metric.help) : escaped(metric.help)}`,
    `# TYPE ${family} ${metric.kind}`,
    ...(format === 'openmetrics' && unit !== '' ? [`# UNIT ${family} ${unit}`] : []),
  ];
  const names = metric.labels.map(exposedLabel);
  const samples = series.flatMap((one) => {
    const labels = names.flatMap((label, index) => pair(label, one.labels[index]));
    return one.buckets === undefined
      ? [`${name}${braced(labels)} ${number(one.value)}`]
      : histogramText(name, labels, metric.bounds, one, format);
  });
  return `${[...head, ...samples].join('\n')}\n`;
}

function histogramText(
  name: string,
  labels: readonly string[],
  bounds: readonly number[],
  { value, buckets = [], exemplars = [] }: Series,
  format: Format,
): readonly string[] {
  let count = 0;
  const lines = buckets.map((inBucket, index) => {
    count += inBucket;
    const le = bound(bounds[index], format);
    const example = format === 'openmetrics' ? exemplarText(exemplars[index]) : '';
    return `${name}_bucket${braced([...labels, `le="${le}"`])} ${count}${example}`;
  });
  return [
    ...lines,
    `${name}_sum${braced(labels)} ${number(value)}`,
    `${name}_count${braced(labels)} ${count}`,
  ];
}

const exemplarText = (exemplar: Exemplar | undefined): string =>
  exemplar === undefined ? '' : ` # {trace_id="${exemplar.traceId}"} ${number(exemplar.value)}`;

/** OpenMetrics asks for a point in each bound. */
function bound(value: number | undefined, format: Format): string {
  if (value === undefined) return '+Inf';
  return format === 'openmetrics' && Number.isInteger(value) ? `${value}.0` : String(value);
}

const pair = (label: string, value: LabelValue): string[] =>
  value === undefined ? [] : [`${label}="${quotable(String(value))}"`];

const braced = (labels: readonly string[]): string =>
  labels.length === 0 ? '' : `{${labels.join(',')}}`;

const number = (value: number): string =>
  Number.isFinite(value)
    ? String(value)
    : Number.isNaN(value)
      ? 'NaN'
      : value > 0
        ? '+Inf'
        : '-Inf';

const escaped = (text: string): string => text.replaceAll('\\', '\\\\').replaceAll('\n', '\\n');

/** As it stands between quotes, and in the help of OpenMetrics. */
const quotable = (text: string): string => escaped(text).replaceAll('"', '\\"');
