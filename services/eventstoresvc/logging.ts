import type { LetterId } from '../../shared/eventstore/dead-letters.ts';
import type { ServedEventStore } from '../../shared/eventstore/event-store.ts';
import type { Context } from '../../shared/kit/context.ts';
import { type Logger, logFields } from '../../shared/kit/logger.ts';
import { observed } from '../../shared/kit/observed.ts';

/** An event store that logs dead letters and their replays: each means that somebody's order is stuck. */
export function loggingService(next: ServedEventStore, logger: Logger): ServedEventStore {
  const about = (ctx: Context, { consumer, position }: LetterId) => ({
    ...logFields(ctx),
    consumer,
    position: String(position),
  });
  return observed(next, {
    park: (ctx, letter) => {
      const { eventId: event_id, reason } = letter;
      logger.warn({ ...about(ctx, letter), event_id, reason }, 'a dead letter was stored');
    },
    requestReplay: (ctx, id, { eventId: event_id }) =>
      logger.info({ ...about(ctx, id), event_id }, 'a replay was requested'),
    closeLetter: (ctx, id, { eventId: event_id, closeReason: reason }) =>
      logger.warn({ ...about(ctx, id), event_id, reason }, 'a dead letter was closed'),
    resolveReplay: (ctx, id) => logger.info(about(ctx, id), 'a dead letter was resolved'),
  });
}
