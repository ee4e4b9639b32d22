import type { Meter } from '@opentelemetry/api';
import type { ReviewService } from './service.ts';

/** Counts reviews by what came of them. */
export function instrumentingService(next: ReviewService, meter: Meter): ReviewService {
  const reviews = meter.createCounter('reviews_total', { description: 'Reviews by outcome' });
  return {
    async review(ctx, request) {
      const result = await next.review(ctx, request);
      reviews.add(1, { outcome: result.outcome });
      return result;
    },
  };
}
