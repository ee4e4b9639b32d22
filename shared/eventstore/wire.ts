/** Between the contract's generated messages and the types that everybody works with. */
import type {
  DeadLetter as WireDeadLetter,
  Event as WireEvent,
} from '../../proto/gen/eventstore.ts';
import type { DeadLetter, NewEvent, ParkedLetter, RecordedEvent } from './event-store.ts';

/** An event that is to be appended, as it is sent. */
export function newEventToWire(event: NewEvent, stream: string): WireEvent {
  return {
    eventId: event.eventId,
    eventType: event.eventType,
    aggregateId: event.aggregateId,
    aggregateType: event.aggregateType,
    eventData: event.data,
    stream,
    version: 0n,
    position: 0n,
    createdAt: undefined,
    metadata: event.metadata,
  };
}

/** An event that was sent to be appended; what is assigned by the log is ignored. */
export function newEventFromWire(event: WireEvent): NewEvent {
  return {
    eventId: event.eventId,
    eventType: event.eventType,
    aggregateId: event.aggregateId,
    aggregateType: event.aggregateType,
    data: event.eventData,
    metadata: event.metadata,
  };
}

export function recordedToWire(event: RecordedEvent): WireEvent {
  return {
    ...newEventToWire(event, event.stream),
    version: event.version,
    position: event.position,
    createdAt: event.createdAt,
  };
}

export function recordedFromWire(event: WireEvent): RecordedEvent {
  return {
    ...newEventFromWire(event),
    stream: event.stream,
    version: event.version,
    position: event.position,
    createdAt: event.createdAt ?? new Date(0),
  };
}

export function deadLetterToWire(letter: DeadLetter & { parkedAt?: Date }): WireDeadLetter {
  return { ...letter, parkedAt: letter.parkedAt };
}

export function parkedLetterFromWire({ parkedAt, ...letter }: WireDeadLetter): ParkedLetter {
  return { ...letter, parkedAt: parkedAt ?? new Date(0) };
}
