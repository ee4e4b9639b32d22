import type { Meter } from '@opentelemetry/api';
import { observed } from '../../shared/kit/observed.ts';
import type { QueryModelService } from './service.ts';

/** Counts events by outcome, and shows how far the read model is. */
export function instrumentingService(next: QueryModelService, meter: Meter): QueryModelService {
  const events = meter.createCounter('projection_events_total', {
    description: 'Events read by the projection, by result: folded, unknown or unreadable.',
  });
  const batches = meter.createCounter('projection_batches_total', {
    description: 'Batches, by result: applied, or moved if the checkpoint was not where expected.',
  });
  const position = meter.createGauge('projection_position', {
    description: 'Position up to which the read model includes the log.',
  });
  return observed(next, {
    checkpoint: (_ctx, _request, checkpoint) => position.record(Number(checkpoint)),
    project: (_ctx, batch, projected) => {
      const { applied, unknown, failures } = projected;
      batches.add(1, { result: applied ? 'applied' : 'moved' });
      if (applied)
        events.add(batch.events.length - unknown - failures.length, { result: 'folded' });
      if (unknown > 0) events.add(unknown, { result: 'unknown' });
      if (failures.length > 0) events.add(failures.length, { result: 'unreadable' });
      position.record(Number(projected.position));
    },
  });
}
