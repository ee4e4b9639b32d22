import { orderMetrics } from '../../shared/contracts/metric-list.ts';
import type { Meter } from '../../shared/kit/metrics/meter.ts';
import { observed } from '../../shared/kit/observed.ts';
import type { ReviewService } from './service.ts';

/** Counts reviews by outcome. */
export function instrumentingService(next: ReviewService, meter: Meter): ReviewService {
  const reviews = meter.counter(orderMetrics.reviews);
  return observed(next, {
    review: (_ctx, _request, { outcome }) => reviews.add(1, { outcome }),
  });
}
