import { type Logger, logFields } from '../../shared/kit/logger.ts';
import type { ReviewService } from './service.ts';

/** Says what came of each review. Whatever is not approved is worth a line to people. */
export function loggingService(next: ReviewService, logger: Logger): ReviewService {
  return {
    async review(ctx, request) {
      const result = await next.review(ctx, request);
      const level = result.outcome === 'approved' ? 'debug' : 'info';
      logger[level](
        { ...logFields(ctx), order_id: request.orderId, ...result },
        `review: ${result.outcome}`,
      );
      return result;
    },
  };
}
