import { type Logger, logFields } from '../../shared/kit/logger.ts';
import type { SagaService } from './service.ts';

/** Says which orders were ended and whose money is asked back; that is worth a line to people. */
export function loggingService(next: SagaService, logger: Logger): SagaService {
  return {
    async follow(ctx, event) {
      const outcome = await next.follow(ctx, event);
      if (outcome !== 'nothing') {
        logger.info(
          { ...logFields(ctx), order_id: event.aggregateId, event_type: event.eventType },
          `saga: ${outcome}`,
        );
      }
      return outcome;
    },
    async fire(ctx, deadline) {
      const outcome = await next.fire(ctx, deadline);
      const { aggregateId, kind, dueAt } = deadline;
      logger[outcome === 'nothing' ? 'debug' : 'info'](
        { ...logFields(ctx), order_id: aggregateId, kind, due_at: dueAt.toISOString() },
        `deadline: ${outcome}`,
      );
      return outcome;
    },
  };
}
