/** Converts between the contract's generated messages and our own types. */

import type {
  Checkpoint as WireCheckpoint,
  DeadLetter as WireDeadLetter,
  Event as WireEvent,
} from '../../../proto/gen/eventstore.ts';
import type { DeadLetter } from '../../kit/delivery.ts';
import type { KeptCheckpoint } from '../checkpoints.ts';
import type { LetterState, ParkedLetter } from '../dead-letters.ts';
import type { NewEvent, RecordedEvent } from '../event-store.ts';

/** An event to append, in its wire form. */
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

/** An event sent to be appended; fields that the log assigns are ignored. */
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

/** Field by field, as below: a long log is read faster than with a spread of the other form. */
export function recordedToWire(event: RecordedEvent): WireEvent {
  return {
    eventId: event.eventId,
    eventType: event.eventType,
    aggregateId: event.aggregateId,
    aggregateType: event.aggregateType,
    eventData: event.data,
    stream: event.stream,
    metadata: event.metadata,
    version: event.version,
    position: event.position,
    createdAt: event.createdAt,
  };
}

export function recordedFromWire(event: WireEvent): RecordedEvent {
  return {
    eventId: event.eventId,
    eventType: event.eventType,
    aggregateId: event.aggregateId,
    aggregateType: event.aggregateType,
    data: event.eventData,
    metadata: event.metadata,
    stream: event.stream,
    version: event.version,
    position: event.position,
    createdAt: event.createdAt ?? new Date(0),
  };
}

export function deadLetterToWire(letter: DeadLetter & Partial<ParkedLetter>): WireDeadLetter {
  return {
    ...letter,
    parkedAt: letter.parkedAt,
    state: letter.state ?? '',
    replays: letter.replays ?? 0,
    replayRequestedAt: letter.replayRequestedAt,
    resolvedAt: letter.resolvedAt,
    closedAt: letter.closedAt,
    closeReason: letter.closeReason ?? '',
  };
}

/** A letter to park; fields that the store assigns are ignored. */
export function deadLetterFromWire(letter: WireDeadLetter): DeadLetter {
  const { consumer, position, eventId, reason, lastError, deliveries, traceparent } = letter;
  return { consumer, position, eventId, reason, lastError, deliveries, traceparent };
}

export function parkedLetterFromWire(letter: WireDeadLetter): ParkedLetter {
  return {
    ...deadLetterFromWire(letter),
    parkedAt: letter.parkedAt ?? new Date(0),
    // An event store older than replays sends none: its letters are parked.
    state: letterStateFromWire(letter.state) ?? 'parked',
    replays: letter.replays,
    replayRequestedAt: letter.replayRequestedAt,
    resolvedAt: letter.resolvedAt,
    closedAt: letter.closedAt,
    closeReason: letter.closeReason,
  };
}

export function keptCheckpointFromWire(checkpoint: WireCheckpoint): KeptCheckpoint {
  const { consumer, position, eventId, delivered, updatedAt, holds, silentMs } = checkpoint;
  return {
    consumer,
    position,
    eventId,
    delivered,
    updatedAt: updatedAt ?? new Date(0),
    holds,
    ...(silentMs !== undefined && { silentMs: Number(silentMs) }),
  };
}

/** Undefined for text that names no state. */
export function letterStateFromWire(text: string): LetterState | undefined {
  return letterStates.find((state) => state === text);
}

const letterStates: readonly LetterState[] = ['parked', 'requested', 'resolved', 'closed'];
