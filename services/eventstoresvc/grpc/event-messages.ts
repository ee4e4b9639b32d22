/**
 * Splits events into messages under gRPC's limit. The log limits only the payloads
 * of a page; a thousand long ids and traces can take as much again.
 */
import type { GetAggregatesResponse, GetEventsResponse } from '../../../proto/gen/eventstore.ts';
import type {
  EventPage,
  RecordedEvent,
  WholeAggregate,
} from '../../../shared/eventstore/event-store.ts';
import { recordedToWire } from '../../../shared/eventstore/grpc/wire.ts';

/** Largest page in a message, in bytes; the rest is for field framing. */
const PAGE_BYTES = 3.5 * 1024 * 1024;
/** Size of a batch, in bytes: while the reader decodes one, the next is on its way. */
const BATCH_BYTES = 256 * 1024;

/** The page, shortened to fit one message. */
export function pageToWire({ events, nextPosition }: EventPage): GetEventsResponse {
  const shown = events.slice(0, fitting(events, 0, PAGE_BYTES));
  const next = shown.length < events.length ? shown.at(-1)?.position : nextPosition;
  return { events: shown.map(recordedToWire), nextPosition: next ?? 0n };
}

/** Whole aggregates only: one that does not fit with those before it is incomplete. */
export function aggregatesToWire(aggregates: readonly WholeAggregate[]): GetAggregatesResponse {
  let bytes = 0;
  return {
    aggregates: aggregates.map((events) => {
      const size = events?.reduce((sum, event) => sum + sizeOf(event), 0) ?? 0;
      if (events === undefined || bytes + size > PAGE_BYTES)
        return { events: [], incomplete: true };
      bytes += size;
      return { events: events.map(recordedToWire), incomplete: false };
    }),
  };
}

/** The same events, in as many batches as needed. */
export async function* inMessages(
  batches: AsyncIterable<readonly RecordedEvent[]>,
): AsyncGenerator<readonly RecordedEvent[], void, undefined> {
  for await (const events of batches) {
    for (let from = 0; from < events.length; ) {
      const to = fitting(events, from, BATCH_BYTES);
      yield events.slice(from, to);
      from = to;
    }
  }
}

/** Index after the last event from `from` on that fits; at least one does. */
function fitting(events: readonly RecordedEvent[], from: number, limit: number): number {
  let bytes = 0;
  let to = from;
  for (; to < events.length; to++) {
    bytes += sizeOf(events[to] as RecordedEvent);
    if (bytes > limit && to > from) break;
  }
  return to;
}

/** Approximate size of an event in a message, in bytes. */
function sizeOf(event: RecordedEvent): number {
  const { eventId, eventType, aggregateId, aggregateType, data, metadata } = event;
  let bytes = 100;
  for (const text of [eventId, eventType, aggregateId, aggregateType, data]) {
    bytes += Buffer.byteLength(text);
  }
  for (const [key, value] of Object.entries(metadata)) bytes += key.length + value.length + 8;
  return bytes;
}
