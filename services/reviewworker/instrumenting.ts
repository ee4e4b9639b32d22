import type { Meter } from '@opentelemetry/api';
import { observed } from '../../shared/kit/observed.ts';
import type { ReviewService } from './service.ts';

/** Counts reviews by outcome. */
export function instrumentingService(next: ReviewService, meter: Meter): ReviewService {
  const reviews = meter.createCounter('reviews_total', { description: 'Reviews, by outcome.' });
  return observed(next, {
    review: (_ctx, _request, { outcome }) => reviews.add(1, { outcome }),
  });
}
