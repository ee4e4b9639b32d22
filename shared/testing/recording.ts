import type { Attributes, Meter } from '@opentelemetry/api';
import { pino } from 'pino';
import type { Logger } from '../kit/logger.ts';
import { noMeter } from '../kit/metrics.ts';

/** One measurement: which instrument, how much, with what labels. */
export interface Measurement {
  readonly instrument: string;
  readonly value: number;
  readonly attributes: Attributes;
}

/** A meter that reports what its counters and histograms record, in order. */
export function recordingMeter(onMeasurement: (measurement: Measurement) => void = () => {}): {
  meter: Meter;
  measurements: Measurement[];
} {
  const measurements: Measurement[] = [];
  const record =
    (instrument: string) =>
    (value: number, attributes: Attributes = {}) => {
      const measurement = { instrument, value, attributes };
      measurements.push(measurement);
      onMeasurement(measurement);
    };
  const meter: Meter = Object.assign(Object.create(noMeter), {
    createCounter: (name: string) => ({ add: record(name) }),
    createHistogram: (name: string) => ({ record: record(name) }),
  });
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
