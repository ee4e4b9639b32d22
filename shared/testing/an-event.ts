import { randomUUID } from 'node:crypto';
import type { NewEvent } from '../eventstore/event-store.ts';

/** An event to append in a test: everything not given is valid and new. */
export function anEvent(overrides: Partial<NewEvent> = {}): NewEvent {
  return {
    eventId: randomUUID(),
    eventType: 'ORDERS.created',
    aggregateId: randomUUID(),
    aggregateType: 'order',
    data: '{"n":1}',
    metadata: {},
    ...overrides,
  };
}
