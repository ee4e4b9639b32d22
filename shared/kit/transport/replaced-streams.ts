import { frameMetrics } from '../metrics/frame-metrics.ts';
import type { Meter } from '../metrics/meter.ts';

/** Counts a stream that was given up and opened again, by its kind: `append`, `follow`, … */
export type CountReplaced = (kind: string) => void;

/** Makes the counter `streams_replaced_total`; made twice on one meter, it is the same one. */
export function countReplaced(meter: Meter): CountReplaced {
  const counter = meter.counter(frameMetrics.streamsReplaced);
  return (kind) => counter.add(1, { kind });
}
