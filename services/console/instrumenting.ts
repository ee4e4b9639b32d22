import { orderMetrics } from '../../shared/contracts/metric-list.ts';
import type { Meter } from '../../shared/kit/metrics/meter.ts';
import type { LiveReaders } from './live/live-readers.ts';

/** Measures how many pages read the feed. */
export function measureReaders(meter: Meter, readers: Pick<LiveReaders, 'count'>): void {
  meter.observe(orderMetrics.liveReaders, (tell) => tell(readers.count));
}
