/** Makes the rows of a list of metrics. Only lists import it. */
import type { Metric, MetricKind } from './metric.ts';

interface Row<Label extends string> {
  readonly name: string;
  readonly unit: string;
  readonly help: string;
  readonly labels?: readonly Label[];
  readonly bounds?: readonly number[];
}

const metric = <Kind extends MetricKind, Label extends string>(kind: Kind, row: Row<Label>) =>
  ({ labels: [], bounds: [], ...row, kind }) as unknown as Metric<Kind, Label>;

/** What only grows, until the process restarts. */
export const counter = <const Label extends string = never>(row: Omit<Row<Label>, 'bounds'>) =>
  metric('counter', row);

/** What grows and shrinks. */
export const gauge = <const Label extends string = never>(row: Omit<Row<Label>, 'bounds'>) =>
  metric('gauge', row);

/** How often something was how large, by upper bounds. */
export const histogram = <const Label extends string = never>(
  row: Row<Label> & { readonly bounds: readonly number[] },
) => metric('histogram', row);
