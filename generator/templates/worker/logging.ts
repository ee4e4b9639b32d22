import { type Logger, logFields } from '../../../shared/kit/logger.ts';
import { observed } from '../../../shared/kit/observed.ts';
import type { SampleOwnerService } from './service.ts';

/** Logs the outcome of each answer. */
export const loggingService = (next: SampleOwnerService, logger: Logger): SampleOwnerService =>
  observed(next, {
    sampleEvent: (ctx, { orderId }, result) =>
      logger[result.outcome === 'nothing to do' ? 'debug' : 'info'](
        { ...logFields(ctx), order_id: orderId, ...result },
        `sample event: ${result.outcome}`,
      ),
  });
