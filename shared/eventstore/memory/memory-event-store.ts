/**
 * An event store in memory: it passes the contract suite of the real one, so services can
 * be tested without servers.
 */
import { EventEmitter, once } from 'node:events';
import { setTimeout as delay } from 'node:timers/promises';
import type { Context } from '../../kit/context.ts';
import { CodedError } from '../../kit/errors.ts';
import type { Currency } from '../../money/currency.ts';
import type {
  Appended,
  EventFilter,
  NewEvent,
  RecordedEvent,
  ServedEventStore,
  StreamRequest,
} from '../event-store.ts';
import { oneByOne } from '../one-by-one.ts';
import { memoryCheckpoints } from './memory-checkpoints.ts';
import { memoryDeadLetters } from './memory-dead-letters.ts';

export interface MemoryEventStoreOptions {
  readonly stream: string;
  /** The database's clock. */
  readonly now?: () => Date;
  /** Called after each commit with what was written, in place of the relay. */
  readonly committed?: (events: readonly RecordedEvent[]) => void;
}

/** An empty store. Nothing to close. */
export function createMemoryEventStore(options: MemoryEventStoreOptions): ServedEventStore {
  const log: RecordedEvent[] = [];
  const byId = new Map<string, RecordedEvent>();
  const aggregates = new Map<string, RecordedEvent[]>();
  const appended = new EventEmitter().setMaxListeners(0);
  let written: Currency | undefined;
  const now = options.now ?? (() => new Date());
  const aggregate = (type: string, id: string) => aggregates.get(`${type}\n${id}`) ?? [];

  function append(events: readonly NewEvent[], expected: bigint | undefined): Appended {
    const [first] = events;
    if (first === undefined) throw new CodedError('invalid', 'invalid_event', 'There is no event.');
    const known = events.map(({ eventId }) => byId.get(eventId));
    if (known.some((one) => one !== undefined)) return repeated(events, known);
    const own = aggregate(first.aggregateType, first.aggregateId);
    const version = BigInt(own.length);
    if (expected !== undefined && expected !== version) {
      throw new CodedError(
        'conflict',
        'version_conflict',
        `The ${first.aggregateType} ${first.aggregateId} is at version ${version}, not at ${expected}.`,
      );
    }
    const written = events.map(
      (event, index): RecordedEvent => ({
        ...event,
        stream: options.stream,
        version: version + BigInt(index) + 1n,
        position: BigInt(log.length + index) + 1n,
        createdAt: now(),
      }),
    );
    log.push(...written);
    for (const event of written) byId.set(event.eventId, event);
    aggregates.set(`${first.aggregateType}\n${first.aggregateId}`, [...own, ...written]);
    appended.emit('append');
    options.committed?.(written);
    return place(written.at(-1));
  }

  function repeated(
    events: readonly NewEvent[],
    known: readonly (RecordedEvent | undefined)[],
  ): Appended {
    const [first] = known;
    const same = events.every((event, index) => {
      const one = known[index];
      return (
        one !== undefined &&
        first !== undefined &&
        one.position === first.position + BigInt(index) &&
        one.eventType === event.eventType &&
        one.aggregateType === event.aggregateType &&
        one.aggregateId === event.aggregateId &&
        one.data === event.data
      );
    });
    if (same) return place(known.at(-1));
    throw new CodedError(
      'already_exists',
      'event_id_reused',
      'An event id is in the log already, with other content.',
    );
  }

  /** As after a restore; a log in memory never loses an event by itself. */
  function checkPlace({ afterPosition = 0n, afterEventId }: EventFilter): void {
    if (afterEventId === undefined || afterPosition === 0n) return;
    if (log[Number(afterPosition) - 1]?.eventId === afterEventId) return;
    throw new CodedError(
      'precondition_failed',
      'place_not_in_log',
      `The log does not have the event ${afterEventId} at position ${afterPosition}.`,
    );
  }

  const select = (filter: EventFilter): RecordedEvent[] =>
    log
      .slice(Number(filter.afterPosition ?? 0n))
      .filter(
        (event) =>
          (filter.eventId ?? event.eventId) === event.eventId &&
          (filter.aggregateId ?? event.aggregateId) === event.aggregateId &&
          (filter.aggregateType ?? event.aggregateType) === event.aggregateType &&
          (!filter.eventTypes?.length || filter.eventTypes.includes(event.eventType)) &&
          (!filter.positions?.length || filter.positions.includes(event.position)),
      );

  async function* batches(
    ctx: Context,
    { follow = false, gatherMs = 0, withoutMetadata = false, ...filter }: StreamRequest,
  ): AsyncGenerator<readonly RecordedEvent[], void, undefined> {
    checkPlace(filter);
    const shown = (event: RecordedEvent) => (withoutMetadata ? { ...event, metadata: {} } : event);
    let notBefore = 0;
    for (let after = filter.afterPosition ?? 0n; ; ) {
      const head = BigInt(log.length);
      const events = select({ ...filter, afterPosition: after });
      if (events.length > 0) {
        yield events.map(shown);
        notBefore = performance.now() + gatherMs;
      }
      if (!follow) return;
      if (head > after) after = head;
      // Events that came while the reader was busy are already there.
      if (BigInt(log.length) === after) await once(appended, 'append', { signal: ctx.signal });
      const early = notBefore - performance.now();
      if (early > 0) await delay(early, undefined, { signal: ctx.signal });
    }
  }

  return {
    append: async (_ctx, { events, expectedVersion }) => append(events, expectedVersion),
    readAggregate: async (_ctx, { aggregateType, aggregateId }) =>
      aggregate(aggregateType, aggregateId),
    readAggregates: async (_ctx, aggregates) =>
      aggregates.map(({ aggregateType, aggregateId }) => aggregate(aggregateType, aggregateId)),
    read: async (_ctx, { limit, ...filter }) => {
      checkPlace(filter);
      const found = select(filter);
      const events = found.slice(0, limit);
      return { events, nextPosition: found.length > limit ? events.at(-1)?.position : undefined };
    },
    batches: async (ctx, request) => batches(ctx, request),
    stream: async (ctx, request) => oneByOne(batches(ctx, request)),
    head: async () => BigInt(log.length),
    currency: async () => written,
    settleCurrency: async (_ctx, configured) => {
      written ??= configured;
      return written;
    },
    ...memoryCheckpoints(now, (position) => log[Number(position) - 1]?.eventId),
    ...memoryDeadLetters(now),
  };
}

const place = (event: RecordedEvent | undefined): Appended => ({
  version: event?.version ?? 0n,
  position: event?.position ?? 0n,
});
