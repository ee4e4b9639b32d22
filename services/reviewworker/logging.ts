import { type Logger, logFields } from '../../shared/kit/logger.ts';
import { observed } from '../../shared/kit/observed.ts';
import type { ReviewService } from './service.ts';

/** Logs the outcome of each review; every outcome but approval is worth an info line. */
export const loggingService = (next: ReviewService, logger: Logger): ReviewService =>
  observed(next, {
    review: (ctx, { orderId }, result) =>
      logger[result.outcome === 'approved' ? 'debug' : 'info'](
        { ...logFields(ctx), order_id: orderId, ...result },
        `review: ${result.outcome}`,
      ),
  });
