import type { Meter } from '@opentelemetry/api';
import type { Lifecycle } from './lifecycle.ts';

/**
 * What `/readyz` says, as figures to be watched: `service_ready` and
 * `service_degraded`, each 1 or 0. Degraded is 1 also in a process that is not
 * ready besides, so that one look answers whether accepted work stands still.
 * `lifecycle` is asked at each scrape.
 */
export function measureReadiness(
  meter: Meter,
  lifecycle: () => Pick<Lifecycle, 'notReady' | 'degraded'>,
): void {
  meter
    .createObservableGauge('service.ready', {
      description: '1 while the process serves who asks, else 0.',
    })
    .addCallback((gauge) => gauge.observe(lifecycle().notReady().length === 0 ? 1 : 0));
  meter
    .createObservableGauge('service.degraded', {
      description: '1 while accepted work does not get on here, else 0; /readyz says why.',
    })
    .addCallback((gauge) => gauge.observe(lifecycle().degraded().length === 0 ? 0 : 1));
}
