/** What a metric is: one row of the list, from which instruments, pages and checks are made. */

export type MetricKind = 'counter' | 'gauge' | 'histogram';

declare const listed: unique symbol;

/**
 * A metric with its labels. Only the functions of listing.ts make one, and only the lists may
 * import those: an instrument that is on no list does not compile.
 */
export interface Metric<Kind extends MetricKind = MetricKind, Label extends string = string> {
  readonly [listed]: true;
  readonly kind: Kind;
  /** OpenTelemetry's form, `http.server.request.duration`. */
  readonly name: string;
  /** UCUM: `s`, `By`, `1` for a ratio, or what is counted, such as `{request}`. */
  readonly unit: string;
  /** One sentence. */
  readonly help: string;
  /** In OpenTelemetry's form, `http.route`. */
  readonly labels: readonly Label[];
  /** A histogram's upper bounds, ascending; empty for others. */
  readonly bounds: readonly number[];
}

export type LabelValue = string | number | boolean | undefined;

/** A value for each label of a metric; undefined where there is none. */
export type Labels<Label extends string> = Readonly<Record<Label, LabelValue>>;

/** Units as Prometheus writes them at the end of a name. */
const suffixes: Readonly<Record<string, string>> = { s: 'seconds', By: 'bytes', '1': 'ratio' };

/** The unit as it stands at the end of the exposed name; empty for a number of things. */
export const unitSuffix = ({ unit }: Pick<Metric, 'unit'>): string => suffixes[unit] ?? '';

/** The name without what a kind adds to it: `http_server_request_duration_seconds`. */
export function familyName({ name, unit }: Pick<Metric, 'name' | 'unit'>): string {
  const suffix = unitSuffix({ unit });
  return exposedLabel(suffix === '' ? name : `${name}_${suffix}`);
}

/** The name in queries: a counter's ends in `_total`; a histogram's still lacks `_bucket`, `_sum` or `_count`. */
export const exposedName = (metric: Pick<Metric, 'name' | 'unit' | 'kind'>): string =>
  metric.kind === 'counter' ? `${familyName(metric)}_total` : familyName(metric);

/** A label's name in queries: `http_route`. */
export const exposedLabel = (name: string): string => name.replaceAll('.', '_');
