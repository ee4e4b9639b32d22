/**
 * One reading of the log for all followers of a process that are at about the same place,
 * instead of one for each.
 */
import { background, type Context, withSignal } from '../../kit/context.ts';
import type { Component } from '../../kit/process/lifecycle.ts';
import type {
  AggregateId,
  EventStore,
  ReadRequest,
  RecordedEvent,
  RememberingStore,
  StreamRequest,
} from '../event-store.ts';
import { oneByOne } from '../one-by-one.ts';
import { unsampled } from '../unsampled.ts';
import { createTail, type Tail, type TailLimits } from './newest-events.ts';

type Batches = EventStore['batches'];

/** A reading that followers join and leave. A component, so that a process can share it. */
export interface SharedReading extends Component {
  /**
   * As `batches` with `follow`, of which it promises the same. Each follower comes by a read
   * of its own until it meets the others; one that falls too far behind goes on alone.
   */
  follow(
    ctx: Context,
    request: StreamRequest,
    batches: Batches,
  ): AsyncIterable<readonly RecordedEvent[]>;
  /** The events at `positions`, one for each, if all were read lately; undefined otherwise. */
  at(positions: readonly bigint[]): readonly RecordedEvent[] | undefined;
  /** The events of an aggregate that began lately, as far as they were read; undefined of others. */
  of(aggregate: AggregateId): readonly RecordedEvent[] | undefined;
}

/** Nothing to close: it reads while somebody follows. */
export function createSharedReading(limits?: Partial<TailLimits>): SharedReading {
  /** What all have in common; undefined while nobody reads. */
  let tail: Tail | undefined;

  function begin(after: Place, batches: Batches): Tail {
    const ending = new AbortController();
    const ctx = withSignal(unsampled(background()), ending.signal);
    const own = createTail(after, () => batches(ctx, wholeFrom(after)), {
      ...limits,
      onEnd: () => {
        ending.abort();
        if (tail === own) tail = undefined;
      },
    });
    return own;
  }

  async function* follow(ctx: Context, request: StreamRequest, batches: Batches) {
    const wanted = filterOf(request);
    let place: Place = {
      position: request.afterPosition ?? 0n,
      eventId: request.afterEventId ?? '',
    };
    for (;;) {
      tail ??= begin(place, batches);
      for await (const events of tail.from(place, ctx.signal)) {
        place = lastOf(events, place);
        const some = events.filter(wanted);
        if (some.length > 0) yield some;
      }
      // It has ended, or this place is not in it: alone until it is.
      let met = false;
      for await (const events of await batches(ctx, wholeFrom(place))) {
        place = lastOf(events, place);
        const some = events.filter(wanted);
        if (some.length > 0) yield some;
        met = tail === undefined || tail.covers(place);
        if (met) break;
      }
      if (!met) return;
    }
  }

  return {
    name: 'shared reading',
    follow,
    at: (positions) => tail?.at(positions),
    of: (aggregate) => tail?.of(aggregate),
  };
}

/** A place in the log; without an id it is not known which event is there. */
interface Place {
  readonly position: bigint;
  readonly eventId: string;
}

const lastOf = (events: readonly RecordedEvent[], before: Place): Place => events.at(-1) ?? before;

/** Not filtered: others want other events. */
const wholeFrom = ({ position, eventId }: Place): StreamRequest => ({
  follow: true,
  afterPosition: position,
  ...(eventId !== '' && { afterEventId: eventId }),
});

function filterOf({ aggregateType, eventTypes }: StreamRequest) {
  const types = eventTypes?.length ? new Set(eventTypes) : undefined;
  return (event: RecordedEvent) =>
    (!aggregateType || event.aggregateType === aggregateType) &&
    (types === undefined || types.has(event.eventType));
}

/** Filters that a shared reading knows; a follower with another reads alone. */
const known = ['follow', 'afterPosition', 'afterEventId', 'aggregateType', 'eventTypes'];

/** The positions of a request for nothing but events at positions, in their order. */
function positionsOf({
  positions = [],
  afterPosition = 0n,
  limit,
  ...others
}: ReadRequest): readonly bigint[] | undefined {
  const few = positions.length > 0 && positions.length <= limit;
  if (!few || afterPosition !== 0n || Object.keys(others).length > 0) return undefined;
  return [...new Set(positions)].sort((a, b) => (a < b ? -1 : 1));
}

/**
 * `store`, whose followers take part in `reading`. What was read lately is not read again:
 * an event at a position never changes, and the reading ends when the log goes back.
 */
export function inSharedReading<Store extends EventStore>(
  store: Store,
  reading: SharedReading,
): Store & RememberingStore {
  const batches: Batches = async (ctx, request) =>
    request.follow === true && Object.keys(request).every((key) => known.includes(key))
      ? reading.follow(ctx, request, store.batches)
      : store.batches(ctx, request);
  return {
    ...store,
    read: async (ctx, request) => {
      const positions = positionsOf(request);
      const events = positions && reading.at(positions);
      return events === undefined ? store.read(ctx, request) : { events, nextPosition: undefined };
    },
    recentAggregate: (aggregate) => reading.of(aggregate),
    batches,
    stream: async (ctx, request) => oneByOne(await batches(ctx, request)),
  };
}
