import type { Endpoint } from '../endpoint.ts';
import { frameMetrics } from '../metrics/frame-metrics.ts';
import type { Meter } from '../metrics/meter.ts';

/**
 * An endpoint that takes many requests at once, for the usual case only: it answers each,
 * at the same index, or rejects, and then each goes singly, so that retries, refusals and
 * dead letters stay with the endpoint of one request.
 */
export type BatchEndpoint<Item, Result> = Endpoint<readonly Item[], readonly Result[]>;

/** How many requests shared a call, as the histogram `batch_items`, labelled by `batch`. */
export function batchSizes(meter: Meter, batch: string): (items: number) => void {
  const sizes = meter.histogram(frameMetrics.batchItems).with({ batch });
  return (items) => sizes.record(items);
}
