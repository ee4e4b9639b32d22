import { frameMetrics } from '../metrics/frame-metrics.ts';
import type { Meter } from '../metrics/meter.ts';
import type { Lifecycle } from './lifecycle.ts';

/**
 * The answer of `/readyz` as gauges: `service_ready` is 1 while the status is 200,
 * `service_degraded` is 1 while the answer is anything but `ready`. Asks `lifecycle` at
 * each scrape.
 */
export function measureReadiness(
  meter: Meter,
  lifecycle: () => Pick<Lifecycle, 'notReady' | 'degraded'>,
): void {
  meter.observe(frameMetrics.serviceReady, (tell) =>
    tell(lifecycle().notReady().length === 0 ? 1 : 0),
  );
  meter.observe(frameMetrics.serviceDegraded, (tell) => {
    const { notReady, degraded } = lifecycle();
    tell(notReady().length + degraded().length === 0 ? 0 : 1);
  });
}
