import type { EventStore } from '../eventstore/event-store.ts';
import { unsampled } from '../eventstore/unsampled.ts';
import type { Context } from '../kit/context.ts';

/** How far a process manager has read the log. */
export interface CatchUp {
  /**
   * Everything that happened before this time, in milliseconds since the epoch by the
   * log's clock, has been delivered to it; Infinity: all there is. Rejects with the event
   * store's error.
   */
  readUntil(ctx: Context): Promise<number>;
}

/**
 * After an outage, and whenever `consumer` lags, the deadlines of aggregates that went on
 * meanwhile are all due. Firing folds each aggregate and would end none wrongly, but only
 * reading the log clears them; so a deadline waits until everything that happened before
 * it was due has been read. What counts is delivery to the consumer, all instances
 * together, and not completion: one event that keeps failing must not hold up every
 * deadline.
 */
export function catchUp(
  store: Pick<EventStore, 'read' | 'getCheckpoint'>,
  consumer: string,
  eventTypes: readonly string[],
): CatchUp {
  return {
    async readUntil(ctx) {
      const asking = unsampled(ctx);
      const { delivered } = await store.getCheckpoint(asking, consumer);
      const { events } = await store.read(asking, {
        eventTypes,
        afterPosition: delivered,
        limit: 1,
      });
      return events[0]?.createdAt.getTime() ?? Number.POSITIVE_INFINITY;
    },
  };
}
