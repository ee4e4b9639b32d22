import type { Meter } from '@opentelemetry/api';
import { observed } from '../../shared/kit/observed.ts';
import type { SagaService } from './service.ts';

/** Histogram buckets: up to a second a deadline is on time; the rest show how late it was. */
const lateSeconds = [0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 60, 300];

/** Counts the outcomes of events and deadlines, and measures how late deadlines were handled. */
export function instrumentingService(next: SagaService, meter: Meter): SagaService {
  const followed = meter.createCounter('saga_events_total', {
    description: 'Events followed, by the answer that was appended.',
  });
  const fired = meter.createCounter('saga_deadlines_total', {
    description: 'Deadlines fired, by kind and by what was appended.',
  });
  const late = meter.createHistogram('saga_deadline_lateness_seconds', {
    description: "Time from a deadline's due time, by the database's clock, until it was handled.",
    advice: { explicitBucketBoundaries: lateSeconds },
  });
  return observed(next, {
    follow: (_ctx, _event, outcome) => followed.add(1, { outcome }),
    fire: (_ctx, { kind, dueInMs }, outcome, tookMs) => {
      fired.add(1, { kind, outcome });
      late.record((tookMs - dueInMs) / 1_000, { kind });
    },
  });
}
