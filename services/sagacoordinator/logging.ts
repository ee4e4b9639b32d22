import { type Logger, logFields } from '../../shared/kit/logger.ts';
import { observed } from '../../shared/kit/observed.ts';
import type { SagaService } from './service.ts';

/** Logs which orders were ended and whose voids were requested, each worth an info line. */
export const loggingService = (next: SagaService, logger: Logger): SagaService =>
  observed(next, {
    follow: (ctx, { aggregateId, eventType }, outcome) => {
      if (outcome === 'nothing') return;
      logger.info(
        { ...logFields(ctx), order_id: aggregateId, event_type: eventType },
        `saga: ${outcome}`,
      );
    },
    fire: (ctx, { aggregateId, kind, dueAt }, outcome) =>
      logger[outcome === 'nothing' ? 'debug' : 'info'](
        { ...logFields(ctx), order_id: aggregateId, kind, due_at: dueAt.toISOString() },
        `deadline: ${outcome}`,
      ),
  });
