/**
 * The end of the log in memory: what this process committed last, for the relay and for
 * followers, who would otherwise read it back from SQL. Rows of the log never change, so
 * an event that is here is right as long as the log did not go back. Positions of other
 * processes are missing: where there is a gap, SQL is read.
 */
import type { EventFilter, RecordedEvent } from '../../../shared/eventstore/event-store.ts';
import { type LogPage, PAGE_BYTES } from './read/log-page.ts';

/** What was committed last, as its readers see it. */
export interface Recent {
  /** The events right after `position`, without a gap: at most `limit`, fewer if they are large. */
  after(position: bigint, limit: number): readonly RecordedEvent[];
  /** The page that SQL would give for a filter with positions, if all of them are here. */
  page(filter: EventFilter, limit: number): LogPage | undefined;
  /** The last position that this process committed; 0n if it is not known. */
  last(): bigint;
}

export interface Tail extends Recent {
  /**
   * Takes events that were committed here. `generation` is that from before the statement:
   * if the log went back since, nothing is taken.
   */
  add(events: readonly RecordedEvent[], generation: number): void;
  /** How often the log went back. */
  generation(): number;
  /** The log went back: forgets everything. */
  clear(): void;
}

export interface TailOptions {
  readonly maxEvents: number;
  /** Approximate, in bytes. */
  readonly maxBytes: number;
  /**
   * How long an event is here, in milliseconds. The relay compares the log's head with what
   * is known of it every few seconds; by then a restore of the log is noticed.
   */
  readonly maxAgeMs: number;
  /** Monotonic, in milliseconds. */
  readonly now: () => number;
}

export const tailDefaults: TailOptions = {
  maxEvents: 4_096,
  maxBytes: 8 * 1024 * 1024,
  maxAgeMs: 5_000,
  now: () => performance.now(),
};

/** Rough size of an event beside its payload: ids, type, metadata, objects. */
const OVERHEAD_BYTES = 1_000;

interface Kept {
  readonly event: RecordedEvent;
  readonly until: number;
}

export function createTail(overrides: Partial<TailOptions> = {}): Tail {
  const { maxEvents, maxBytes, maxAgeMs, now } = { ...tailDefaults, ...overrides };
  /** In the order in which they were added, so that the oldest is first. */
  const kept = new Map<bigint, Kept>();
  let bytes = 0;
  let last = 0n;
  let generation = 0;

  function drop(position: bigint, { event }: Kept): void {
    kept.delete(position);
    bytes -= sizeOf(event);
  }

  function trim(): void {
    const time = now();
    for (const [position, oldest] of kept) {
      if (kept.size <= maxEvents && bytes <= maxBytes && time < oldest.until) return;
      drop(position, oldest);
    }
  }

  const at = (position: bigint, time: number): RecordedEvent | undefined => {
    const found = kept.get(position);
    return found !== undefined && time < found.until ? found.event : undefined;
  };

  return {
    add: (events, since) => {
      if (since !== generation) return;
      const until = now() + maxAgeMs;
      for (const event of events) {
        const { position } = event;
        if (position > last) last = position;
        if (kept.has(position)) continue;
        kept.set(position, { event, until });
        bytes += sizeOf(event);
      }
      trim();
    },
    generation: () => generation,
    clear: () => {
      generation++;
      kept.clear();
      bytes = 0;
      last = 0n;
    },
    last: () => last,
    after: (position, limit) => {
      const time = now();
      const events: RecordedEvent[] = [];
      for (let size = 0; events.length < limit && size < PAGE_BYTES; ) {
        const event = at(position + BigInt(events.length) + 1n, time);
        if (event === undefined) break;
        events.push(event);
        size += sizeOf(event);
      }
      return events;
    },
    page: (filter, limit) => {
      const { positions = [], afterPosition = 0n } = filter;
      if (positions.length === 0) return undefined;
      const time = now();
      const events: RecordedEvent[] = [];
      for (const position of new Set(positions)) {
        if (position <= afterPosition) continue;
        const event = at(position, time);
        if (event === undefined) return undefined;
        if (matches(event, filter)) events.push(event);
      }
      events.sort((a, b) => (a.position < b.position ? -1 : 1));
      return firstOf(events, limit);
    },
  };
}

/** Whether an event of the log is one that `filter` selects, as SQL would. */
export function matches(event: RecordedEvent, filter: EventFilter): boolean {
  const { eventId, aggregateId, aggregateType, eventTypes = [], positions = [] } = filter;
  return (
    (eventId === undefined || event.eventId === eventId) &&
    (aggregateId === undefined || event.aggregateId === aggregateId) &&
    (aggregateType === undefined || event.aggregateType === aggregateType) &&
    (eventTypes.length === 0 || eventTypes.includes(event.eventType)) &&
    (positions.length === 0 || positions.includes(event.position))
  );
}

/** The first page of `events`: it ends with the event that fills it. */
function firstOf(events: readonly RecordedEvent[], limit: number): LogPage {
  let count = 0;
  for (let bytes = 0; count < Math.min(limit, events.length) && bytes < PAGE_BYTES; count++) {
    bytes += Buffer.byteLength(events[count]?.data ?? '');
  }
  return { events: events.slice(0, count), more: events.length > count };
}

const sizeOf = ({ data }: RecordedEvent): number => data.length + OVERHEAD_BYTES;
