import { orderMetrics } from '../../shared/contracts/metric-list.ts';
import type { Meter } from '../../shared/kit/metrics/meter.ts';
import { observed } from '../../shared/kit/observed.ts';
import type { QueryModelService } from './service.ts';

/** Counts events by outcome, and shows how far the read model is. */
export function instrumentingService(next: QueryModelService, meter: Meter): QueryModelService {
  const events = meter.counter(orderMetrics.projectionEvents);
  const batches = meter.counter(orderMetrics.projectionBatches);
  const journeys = meter.histogram(orderMetrics.journey);
  let position: bigint | undefined;
  meter.observe(orderMetrics.projectionPosition, (tell) => {
    if (position !== undefined) tell(Number(position));
  });
  return observed(next, {
    checkpoint: (_ctx, _request, checkpoint) => {
      position = checkpoint;
    },
    project: (_ctx, batch, projected) => {
      const { applied, unknown, failures } = projected;
      batches.add(1, { result: applied ? 'applied' : 'moved' });
      if (applied)
        events.add(batch.events.length - unknown - failures.length, { result: 'folded' });
      if (unknown > 0) events.add(unknown, { result: 'unknown' });
      if (failures.length > 0) events.add(failures.length, { result: 'unreadable' });
      position = projected.position;
      for (const { status, by, tookMs } of projected.ended) {
        journeys.with({ status, by }).record(tookMs / 1_000);
      }
    },
  });
}
