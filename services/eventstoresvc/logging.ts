import type { EventStore } from '../../shared/eventstore/event-store.ts';
import { type Logger, logFields } from '../../shared/kit/logger.ts';

/** An event store that tells of dead letters and their replays: each is somebody's order standing still. */
export function loggingService(next: EventStore, logger: Logger): EventStore {
  return {
    ...next,
    park: async (ctx, letter) => {
      await next.park(ctx, letter);
      logger.warn(
        {
          ...logFields(ctx),
          consumer: letter.consumer,
          position: String(letter.position),
          event_id: letter.eventId,
          reason: letter.reason,
        },
        'a dead letter was kept',
      );
    },
    requestReplay: async (ctx, consumer, position) => {
      const letter = await next.requestReplay(ctx, consumer, position);
      logger.info(
        { ...logFields(ctx), consumer, position: String(position), event_id: letter.eventId },
        'a replay was asked for',
      );
      return letter;
    },
    closeLetter: async (ctx, consumer, position, reason) => {
      const letter = await next.closeLetter(ctx, consumer, position, reason);
      logger.warn(
        {
          ...logFields(ctx),
          consumer,
          position: String(position),
          event_id: letter.eventId,
          reason: letter.closeReason,
        },
        'a dead letter was closed',
      );
      return letter;
    },
    resolveReplay: async (ctx, consumer, position) => {
      await next.resolveReplay(ctx, consumer, position);
      logger.info(
        { ...logFields(ctx), consumer, position: String(position) },
        'a dead letter was resolved',
      );
    },
  };
}
