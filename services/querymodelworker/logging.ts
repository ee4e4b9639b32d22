import { type Logger, logFields } from '../../shared/kit/logger.ts';
import type { QueryModelService } from './service.ts';

/** Raises the alarm for each event that could not be read, and tells when another instance is at work. */
export function loggingService(next: QueryModelService, logger: Logger): QueryModelService {
  return {
    checkpoint: (ctx) => next.checkpoint(ctx),
    async project(ctx, batch) {
      const projected = await next.project(ctx, batch);
      for (const { position, eventId, eventType, orderId, reason } of projected.failures) {
        logger.error(
          {
            ...logFields(ctx),
            position: String(position),
            event_id: eventId,
            event_type: eventType,
            order_id: orderId,
            reason,
          },
          'an event could not be read: the read model goes on without it',
        );
      }
      if (!projected.applied) {
        logger.info(
          { ...logFields(ctx), after: String(batch.after), checkpoint: String(projected.position) },
          'the read model had moved: another instance is at work, or a write got through unseen',
        );
      }
      return projected;
    },
  };
}
