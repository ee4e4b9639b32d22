import type { EventStore } from '../../../shared/eventstore/event-store.ts';
import type { Context } from '../../../shared/kit/context.ts';

/** A message that the broker has stopped delivering to a consumer. */
export interface Exhausted {
  readonly consumer: string;
  /** Its sequence in the stream, which is the event's position in the log. */
  readonly position: bigint;
  readonly deliveries: number;
}

/** `parked`: kept now; `known`: the consumer had parked it; `no_event`: the log has no event there. */
export type ExhaustedOutcome = 'parked' | 'known' | 'no_event';

/**
 * Parks as a dead letter what its consumer could not park. Events are published
 * after they are committed, so a position beyond the log means a foreign message
 * or a forged advisory. Such a message is not kept: its letter would block the
 * event that the log will have at that position. May be repeated.
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
