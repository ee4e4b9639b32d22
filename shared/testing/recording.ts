import { pino } from 'pino';
import type { Logger } from '../kit/logger.ts';
import { type Meter, noMeter } from '../kit/metrics/meter.ts';
import { exposedName, type LabelValue, type Metric } from '../kit/metrics/metric.ts';
import type { Database } from '../kit/sql/database.ts';

/** One measurement: which metric, how much, with what labels. */
export interface Measurement {
  readonly instrument: string;
  readonly value: number;
  readonly attributes: Readonly<Record<string, LabelValue>>;
}

/** A meter that reports what its counters and histograms record, in order. */
export function recordingMeter(onMeasurement: (measurement: Measurement) => void = () => {}): {
  meter: Meter;
  measurements: Measurement[];
} {
  const measurements: Measurement[] = [];
  const record = (
    metric: Metric,
    value: number,
    attributes: Readonly<Record<string, LabelValue>> = {},
  ) => {
    const measurement = { instrument: exposedName(metric), value, attributes };
    measurements.push(measurement);
    onMeasurement(measurement);
  };
  const cells = (metric: Metric) => (labels?: Readonly<Record<string, LabelValue>>) => ({
    add: (count: number) => record(metric, count, labels),
    record: (value: number) => record(metric, value, labels),
  });
  const meter: Meter = {
    ...noMeter,
    counter: (metric) => ({
      add: (count: number, labels?: object) => record(metric, count, { ...labels }),
      with: cells(metric),
    }),
    histogram: (metric) => ({ with: cells(metric) }),
  } as Meter;
  return { meter, measurements };
}

/** A line as it would be printed, parsed. */
export type LogLine = Record<string, unknown> & { level: number; msg: string };

/** A logger that keeps its lines, of every level. */
export function recordingLogger(onLine: (line: LogLine) => void = () => {}): {
  logger: Logger;
  lines: LogLine[];
} {
  const lines: LogLine[] = [];
  const logger = pino(
    { level: 'trace', base: null, timestamp: false },
    {
      write(text: string) {
        const line: LogLine = JSON.parse(text);
        lines.push(line);
        onLine(line);
      },
    },
  );
  return { logger, lines };
}

type Value = { readonly text: string } | string | number;

/** A database that answers each statement with `rows`, or with what they are for its text, and keeps the statements' text with their values in it. */
export function recordingDatabase(
  rows: readonly object[] | ((text: string) => readonly object[]),
): {
  database: Database;
  statements: string[];
} {
  const statements: string[] = [];
  const sql = (strings: TemplateStringsArray, ...values: readonly Value[]) => ({
    text: String.raw({ raw: strings }, ...values.map((v) => (typeof v === 'object' ? v.text : v))),
  });
  const query = async (
    _ctx: unknown,
    statement: (tag: typeof sql) => { readonly text: string },
  ) => {
    const text = statement(sql).text.replaceAll(/\s+/g, ' ');
    statements.push(text);
    return typeof rows === 'function' ? rows(text) : rows;
  };
  return { database: { query } as unknown as Database, statements };
}
