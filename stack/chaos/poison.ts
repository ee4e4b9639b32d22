import { randomUUID } from 'node:crypto';
import { eventTypes } from '../../shared/contracts/events.ts';
import { ORDER_AGGREGATE } from '../../shared/contracts/subjects.ts';
import type { EventStore } from '../../shared/eventstore/event-store.ts';
import { background } from '../../shared/kit/context.ts';
import { until } from '../until.ts';

const INSIST_MS = 90_000;

/** Appends an event that no worker can read, however often that takes; resolves with its id. */
export async function poison(
  log: EventStore,
  orderId: string,
  signal: AbortSignal,
): Promise<string> {
  const event = {
    eventId: randomUUID(),
    eventType: eventTypes.voidrequested,
    aggregateId: orderId,
    aggregateType: ORDER_AGGREGATE,
    data: '{"spoilt":true}',
    metadata: {},
  };
  await until(() => log.append(background(), { events: [event] }), {
    what: `poison for order ${orderId}`,
    deadlineMs: INSIST_MS,
    everyMs: 200,
    signal,
  });
  return event.eventId;
}
