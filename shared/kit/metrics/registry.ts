/**
 * The values of all metrics of a process. OpenTelemetry's SDK builds a key by JSON for each
 * measurement and has no exemplars: ADR 59.
 */
import type { Logger } from '../logger.ts';
import { isSampled, traceId } from '../trace-id.ts';
import type { Counter, CounterCell, Histogram, HistogramCell, Meter, Tell } from './meter.ts';
import type { LabelValue, Metric } from './metric.ts';

/** A measured value, and the trace that it is from. */
export interface Exemplar {
  readonly value: number;
  readonly traceId: string;
}

/** One series as it is now. Values of labels are in the row's sequence. */
export interface Series {
  readonly labels: readonly LabelValue[];
  /** A histogram's sum. */
  readonly value: number;
  /** A histogram's counts, one for each bucket and one above all; not added up. */
  readonly buckets?: readonly number[];
  /** By bucket. */
  readonly exemplars?: readonly (Exemplar | undefined)[];
}

/** A metric with all of its series. */
export interface Family {
  readonly metric: Metric;
  readonly series: readonly Series[];
}

export interface Registry extends Meter {
  /** All metrics as they are now, by name. */
  collect(): readonly Family[];
}

/** A metric with more series than this is at fault: further ones are counted as one, with these values; observed ones are left out. */
const MOST_SERIES = 2_000;
const OTHER = '_OTHER';

type Labelled = Readonly<Record<string, LabelValue>>;
type Read = (tell: (value: number, labels?: Labelled) => void) => void;

interface Cell extends CounterCell, HistogramCell {
  readonly series: Series;
}

/** The series of one metric. */
interface Entry {
  readonly metric: Metric;
  /** What is counted, by the values of the labels. */
  readonly cells: Map<string, Cell>;
  /** What is asked for at each scrape. */
  readonly reads: Set<Read>;
}

/** An empty registry. `logger` is told once of each metric that cannot be read. */
export function createRegistry(logger?: Logger): Registry {
  const entries = new Map<string, Entry>();
  const unread = new Set<string>();

  function notRead({ name }: Metric, err: unknown): void {
    if (unread.has(name)) return;
    unread.add(name);
    logger?.error({ err, metric: name }, 'a metric cannot be read');
  }

  function entryOf(metric: Metric): Entry {
    let entry = entries.get(metric.name);
    if (entry === undefined) {
      entry = { metric, cells: new Map(), reads: new Set() };
      entries.set(metric.name, entry);
    }
    return entry;
  }

  function instrument(metric: Metric): Counter & Histogram {
    const entry = entryOf(metric);
    // What nobody counted yet is 0, so that a rate begins at the first one.
    if (metric.labels.length === 0) cellOf(entry, undefined);
    return {
      add: (count: number, labels?: Labelled) => cellOf(entry, labels).add(count),
      with: (labels?: Labelled) => cellOf(entry, labels),
    };
  }

  return {
    counter: <Label extends string>(metric: Metric<'counter', Label>) =>
      instrument(metric) as unknown as Counter<Label>,
    histogram: <Label extends string>(metric: Metric<'histogram', Label>) =>
      instrument(metric) as unknown as Histogram<Label>,
    observe: <Label extends string>(metric: Metric, read: (tell: Tell<Label>) => void) => {
      const { reads } = entryOf(metric);
      reads.add(read as Read);
      return () => void reads.delete(read as Read);
    },
    collect: () =>
      [...entries.values()]
        .map(({ metric, cells, reads }) => ({
          metric,
          series: [
            ...[...cells.values()].map(({ series }) => series),
            ...told(metric, reads, notRead),
          ],
        }))
        .sort((one, other) => (one.metric.name < other.metric.name ? -1 : 1)),
  };
}

function cellOf({ metric, cells }: Entry, labels: Labelled | undefined): Cell {
  const key = keyOf(metric.labels, labels);
  const found = cells.get(key);
  if (found !== undefined) return found;
  // A series may have the value in one of its labels.
  const isOther = metric.labels.every((label) => labels?.[label] === OTHER);
  if (cells.size >= MOST_SERIES && !isOther) {
    const other = Object.fromEntries(metric.labels.map((label) => [label, OTHER]));
    return cellOf({ metric, cells, reads: new Set() }, other);
  }
  const values = metric.labels.map((label) => labels?.[label]);
  const cell = metric.kind === 'histogram' ? histogramCell(metric, values) : counterCell(values);
  cells.set(key, cell);
  return cell;
}

function keyOf(names: readonly string[], labels: Labelled | undefined): string {
  let key = '';
  for (const name of names) key += `${labels?.[name]}\n`;
  return key;
}

function counterCell(labels: readonly LabelValue[]): Cell {
  const series = { labels, value: 0 };
  return {
    series,
    add: (count) => {
      series.value += count;
    },
    record: () => {},
  };
}

function histogramCell({ bounds }: Metric, labels: readonly LabelValue[]): Cell {
  const buckets = [...bounds, 0].map(() => 0);
  const exemplars: (Exemplar | undefined)[] = buckets.map(() => undefined);
  const series = { labels, value: 0, buckets, exemplars };
  return {
    series,
    add: () => {},
    record: (value, ctx) => {
      let index = 0;
      while (index < bounds.length && value > (bounds[index] as number)) index++;
      buckets[index] = (buckets[index] as number) + 1;
      series.value += value;
      if (ctx !== undefined && isSampled(ctx)) exemplars[index] = { value, traceId: traceId(ctx) };
    },
  };
}

/** What is told now. Those beyond the bound are left out: values of a gauge cannot be added up. */
function told(
  metric: Metric,
  reads: ReadonlySet<Read>,
  notRead: (metric: Metric, err: unknown) => void,
): readonly Series[] {
  const series = new Map<string, Series>();
  for (const read of reads) {
    const own = new Map<string, Series>();
    try {
      read((value, labels) => {
        const key = keyOf(metric.labels, labels);
        if (own.size >= MOST_SERIES && !own.has(key)) return;
        own.set(key, { labels: metric.labels.map((label) => labels?.[label]), value });
      });
    } catch (err) {
      notRead(metric, err);
      continue;
    }
    for (const [key, one] of own) {
      if (series.size < MOST_SERIES || series.has(key)) series.set(key, one);
    }
  }
  return [...series.values()];
}
