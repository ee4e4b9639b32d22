import type { RecordedEvent } from '../../../../shared/eventstore/event-store.ts';

/** The columns of an event, as text where JavaScript has no exact number. */
export interface EventRow {
  stream: string;
  position: string;
  event_id: string;
  event_type: string;
  aggregate_type: string;
  aggregate_id: string;
  version: string;
  event_data: string;
  /** Not read where nobody wants it. */
  metadata?: Record<string, string>;
  created_at: Date;
}

const noMetadata = Object.freeze({});

/** The event of a row. */
export function recorded(row: EventRow): RecordedEvent {
  return {
    stream: row.stream,
    position: BigInt(row.position),
    eventId: row.event_id,
    eventType: row.event_type,
    aggregateType: row.aggregate_type,
    aggregateId: row.aggregate_id,
    version: BigInt(row.version),
    data: row.event_data,
    metadata: row.metadata ?? noMetadata,
    createdAt: row.created_at,
  };
}
