import { type Logger, logFields } from '../../shared/kit/logger.ts';
import { observed } from '../../shared/kit/observed.ts';
import type { QueryModelService } from './service.ts';

/** Logs an error for each unreadable event, and says when another instance is at work. */
export const loggingService = (next: QueryModelService, logger: Logger): QueryModelService =>
  observed(next, {
    project: (ctx, batch, { failures, applied, position: checkpoint }) => {
      for (const { position, eventId, eventType, orderId, reason } of failures) {
        logger.error(
          {
            ...logFields(ctx),
            position: String(position),
            event_id: eventId,
            event_type: eventType,
            order_id: orderId,
            reason,
          },
          'an event could not be read: the read model continues without it',
        );
      }
      if (applied) return;
      logger.info(
        { ...logFields(ctx), after: String(batch.after), checkpoint: String(checkpoint) },
        'the read model has moved: another instance is working, or an earlier write succeeded unnoticed',
      );
    },
  });
