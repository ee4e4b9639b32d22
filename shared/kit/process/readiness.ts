import type { Meter } from '@opentelemetry/api';
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
  meter
    .createObservableGauge('service.ready', {
      description: '1 while the process is ready for requests, else 0.',
    })
    .addCallback((gauge) => gauge.observe(lifecycle().notReady().length === 0 ? 1 : 0));
  meter
    .createObservableGauge('service.degraded', {
      description: '1 while the process is not ready or degraded, else 0; /readyz says why.',
    })
    .addCallback((gauge) => {
      const { notReady, degraded } = lifecycle();
      gauge.observe(notReady().length + degraded().length === 0 ? 0 : 1);
    });
}
