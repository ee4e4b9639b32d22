import type { EventStore } from '../../shared/eventstore/event-store.ts';
import type { Context } from '../../shared/kit/context.ts';

/** A message that the broker has given up delivering to a consumer. */
export interface Exhausted {
  readonly consumer: string;
  /** Its sequence in the stream, which is the event's position in the log. */
  readonly position: bigint;
  readonly deliveries: number;
}

/**
 * Keeps as a dead letter what its consumer could not park itself; resolves with
 * false where it had. May be repeated.
 */
export async function parkExhausted(
  ctx: Context,
  store: Pick<EventStore, 'deadLetters' | 'park' | 'read'>,
  { consumer, position, deliveries }: Exhausted,
): Promise<boolean> {
  const [known] = await store.deadLetters(ctx, { consumer, position }, 1);
  if (known !== undefined) return false;
  const { events } = await store.read(ctx, { afterPosition: position - 1n }, 1);
  const event = events.find((found) => found.position === position);
  await store.park(ctx, {
    consumer,
    position,
    // A foreign message's place in the log may be beyond its end.
    eventId: event?.eventId ?? '',
    reason: 'max_deliveries',
    lastError: `The broker gave up after ${deliveries} deliveries, and the consumer had not parked it.`,
    deliveries,
    traceparent: event?.metadata.traceparent ?? '',
  });
  return true;
}
