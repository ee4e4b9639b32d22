import type { Context } from '../context.ts';
import type { Labels, Metric } from './metric.ts';

/** A value for each label; nothing for a metric without labels. */
type Given<Label extends string> = [Label] extends [never] ? [] : [labels: Labels<Label>];

/** One series of a counter. */
export interface CounterCell {
  /** `count` is 0 or more. */
  add(count: number): void;
}

export interface Counter<Label extends string = string> {
  /** `count` is 0 or more. */
  add(count: number, ...labels: Given<Label>): void;
  /** The series with these labels, from now on shown: on a hot path it saves the search for it. */
  with(...labels: Given<Label>): CounterCell;
}

/** One series of a histogram. */
export interface HistogramCell {
  /** `ctx` in a sampled trace makes this value the example of its bucket. */
  record(value: number, ctx?: Context): void;
}

export interface Histogram<Label extends string = string> {
  with(...labels: Given<Label>): HistogramCell;
}

/** Told by an observed metric, once for each series. */
export type Tell<Label extends string> = (value: number, ...labels: Given<Label>) => void;

/**
 * Makes instruments of metrics that are on a list. A metric may be asked for often: it stays
 * the same one. Nothing here throws or waits.
 */
export interface Meter {
  counter<Label extends string>(metric: Metric<'counter', Label>): Counter<Label>;
  histogram<Label extends string>(metric: Metric<'histogram', Label>): Histogram<Label>;
  /**
   * Calls `read` at each scrape, to tell what the values are then; a series that it does not
   * tell is not shown. Several may observe one metric; for one series the last one counts.
   * What a `read` that throws would tell is left out. The result ends it.
   */
  observe<Label extends string>(
    metric: Metric<'gauge' | 'counter', Label>,
    read: (tell: Tell<Label>) => void,
  ): () => void;
}

const nothing = { add: () => {}, record: () => {} };
const noInstrument = { ...nothing, with: () => nothing };

/** The meter that measures nothing. */
export const noMeter: Meter = {
  counter: () => noInstrument,
  histogram: () => noInstrument,
  observe: () => () => {},
};
