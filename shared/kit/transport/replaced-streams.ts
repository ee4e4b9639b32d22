import type { Meter } from '@opentelemetry/api';

/** Counts a stream that was given up and opened again, by its kind: `append`, `follow`, … */
export type CountReplaced = (kind: string) => void;

/** Makes the counter `streams_replaced`; made twice on one meter, it is the same one. */
export function countReplaced(meter: Meter): CountReplaced {
  const counter = meter.createCounter('streams_replaced', {
    description: 'Streams that fell silent and were replaced.',
  });
  return (kind) => counter.add(1, { kind });
}
