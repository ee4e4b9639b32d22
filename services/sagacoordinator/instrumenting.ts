import { orderMetrics } from '../../shared/contracts/metric-list.ts';
import type { Meter } from '../../shared/kit/metrics/meter.ts';
import { observed } from '../../shared/kit/observed.ts';
import type { SagaService } from './service.ts';

/** Counts the outcomes of events and deadlines, and measures how late deadlines were handled. */
export function instrumentingService(next: SagaService, meter: Meter): SagaService {
  const followed = meter.counter(orderMetrics.sagaEvents);
  const fired = meter.counter(orderMetrics.sagaFired);
  const late = meter.histogram(orderMetrics.sagaLateness);
  return observed(next, {
    follow: (_ctx, _event, outcome) => followed.add(1, { outcome }),
    followUsual: (_ctx, _batch, taken) => {
      const usual = taken.filter((one) => one !== undefined).length;
      if (usual > 0) followed.add(usual, { outcome: 'nothing' });
    },
    fire: (_ctx, { kind, dueInMs }, outcome, tookMs) => {
      fired.add(1, { kind, outcome });
      late.with({ kind }).record((tookMs - dueInMs) / 1_000);
    },
  });
}
