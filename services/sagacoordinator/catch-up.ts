import type { EventStore } from '../../shared/eventstore/event-store.ts';
import type { Context } from '../../shared/kit/context.ts';

/** Whether the coordinator has read all that had happened before it came. */
export interface CatchUp {
  /**
   * True once its consumer is done with every event that the log held when this
   * was first asked, and from then on. Rejects with what the event store
   * rejects with; ask again.
   */
  reached(ctx: Context): Promise<boolean>;
  /** What is missing, for people; undefined when nothing is. */
  notReady(): string | undefined;
}

/**
 * After an outage the deadlines of orders that went on meanwhile are all due.
 * Firing folds each order and would cancel none wrongly, but it is the reading
 * of the log that clears them; so they hold until that has come as far as the
 * log's head was at the start. Judged by the consumer's checkpoint, which all
 * instances share, and by whether the log has an event of `eventTypes` after it:
 * the head itself may be of a type that never comes.
 */
export function catchUp(
  store: Pick<EventStore, 'head' | 'read' | 'getCheckpoint'>,
  consumer: string,
  eventTypes: readonly string[],
): CatchUp {
  let head: bigint | undefined;
  let done = false;
  let missing = 'the log has not been read yet';
  return {
    async reached(ctx) {
      if (done) return true;
      head ??= await store.head(ctx);
      const { position: afterPosition } = await store.getCheckpoint(ctx, consumer);
      const { events } = await store.read(ctx, { eventTypes, afterPosition }, 1);
      const next = events[0]?.position;
      done = next === undefined || next > head;
      missing = `the log is read up to ${afterPosition} of ${head}`;
      return done;
    },
    notReady: () => (done ? undefined : `deadlines hold: ${missing}`),
  };
}
