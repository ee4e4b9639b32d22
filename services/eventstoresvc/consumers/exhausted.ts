import type { EventStore } from '../../../shared/eventstore/event-store.ts';
import type { Context } from '../../../shared/kit/context.ts';

/** A message that the broker has given up delivering to a consumer. */
export interface Exhausted {
  readonly consumer: string;
  /** Its sequence in the stream, which is the event's position in the log. */
  readonly position: bigint;
  readonly deliveries: number;
}

/** What became of it: kept, or its consumer had kept it, or the log has no event there. */
export type ExhaustedOutcome = 'parked' | 'known' | 'no_event';

/**
 * Keeps as a dead letter what its consumer could not park itself. A position that
 * the log does not have is nobody's event, for events are published after they
 * are committed: a foreign message, or a forged advisory. Nothing is kept of it;
 * a letter would stand in the way of the event that the log has there one day.
 * May be repeated.
 */
export async function parkExhausted(
  ctx: Context,
  store: Pick<EventStore, 'deadLetters' | 'park' | 'read'>,
  { consumer, position, deliveries }: Exhausted,
): Promise<ExhaustedOutcome> {
  const [known] = await store.deadLetters(ctx, { consumer, position, limit: 1 });
  if (known !== undefined) return 'known';
  const { events } = await store.read(ctx, { afterPosition: position - 1n, limit: 1 });
  const event = events.find((found) => found.position === position);
  if (event === undefined) return 'no_event';
  await store.park(ctx, {
    consumer,
    position,
    eventId: event.eventId,
    reason: 'max_deliveries',
    lastError: `The broker gave up after ${deliveries} deliveries; the consumer never parked the message.`,
    deliveries,
    traceparent: event.metadata.traceparent ?? '',
  });
  return 'parked';
}
