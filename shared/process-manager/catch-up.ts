import type { EventStore } from '../eventstore/event-store.ts';
import { unsampled } from '../eventstore/unsampled.ts';
import type { Context } from '../kit/context.ts';

/** How far a process manager has read what has happened. */
export interface CatchUp {
  /**
   * Whatever happened before this time, in milliseconds since the epoch by the
   * log's clock, it was given to follow; Infinity: all there is.
   * Rejects with what the event store rejects with.
   */
  readUntil(ctx: Context): Promise<number>;
}

/**
 * After an outage, and whenever `consumer` lags, the deadlines of aggregates that
 * went on meanwhile are all due. Firing folds each aggregate and would end none
 * wrongly, but it is the reading of the log that clears them; so a deadline holds
 * until all that happened before it was due has been read. Judged by what was
 * delivered to the consumer, all instances together, and not by what it is done
 * with: one event that it fails at must not hold up every deadline.
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
