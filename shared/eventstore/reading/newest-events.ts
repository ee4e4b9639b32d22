import type { AggregateId, RecordedEvent } from '../event-store.ts';

export interface TailLimits {
  /** Most events kept for those that are behind; the newest batch is kept whatever its size. */
  readonly most: number;
  /** Most characters of their data. */
  readonly mostChars: number;
}

const defaults: TailLimits = { most: 4_096, mostChars: 4_000_000 };

interface Place {
  readonly position: bigint;
  readonly eventId: string;
}

/** The newest events of a log that is being read, for several followers. */
export interface Tail {
  /** Whether all after `place` is here, and comes. */
  covers(place: Place): boolean;
  /**
   * The events after `place`, as they come. Ends if the tail does not cover it (any more), or
   * has ended itself; rejects when `signal` is aborted. The tail ends when all have left.
   */
  from(place: Place, signal: AbortSignal): AsyncIterable<readonly RecordedEvent[]>;
  /** The events at `positions`, one for each; undefined unless all are here. */
  at(positions: readonly bigint[]): readonly RecordedEvent[] | undefined;
  /** All events of the aggregate so far; undefined unless its first one is here. */
  of(aggregate: AggregateId): readonly RecordedEvent[] | undefined;
}

/**
 * Reads what `open` gives, the whole log after `after`, no faster than the fastest follower
 * takes it. Calls `onEnd` once: when the source has ended or failed, or the last follower
 * has left.
 */
export function createTail(
  after: Place,
  open: () => Promise<AsyncIterable<readonly RecordedEvent[]>>,
  { onEnd, ...given }: Partial<TailLimits> & { readonly onEnd: () => void },
): Tail {
  const limits = { ...defaults, ...given };
  /** The place before the first of `events`, whose positions have no gaps. */
  let before = after;
  let events: RecordedEvent[] = [];
  let chars = 0;
  const byAggregate = new Map<string, RecordedEvent[]>();
  let followers = 0;
  /** Wakes the followers that have taken all there is. */
  const waiting = new Set<() => void>();
  /** Wakes the reader. */
  let wanted = Promise.withResolvers<void>();
  let ended = false;

  function tell(): void {
    for (const wake of waiting) wake();
    waiting.clear();
  }

  function end(): void {
    if (ended) return;
    ended = true;
    tell();
    wanted.resolve();
    onEnd();
  }

  async function read(): Promise<void> {
    for await (const batch of await open()) {
      keep(batch);
      tell();
      while (waiting.size === 0 && !ended) await wanted.promise;
      if (ended) return;
    }
  }

  function keep(batch: readonly RecordedEvent[]): void {
    events.push(...batch);
    for (const event of batch) {
      chars += event.data.length;
      const key = keyOf(event);
      const own = byAggregate.get(key);
      if (own === undefined) byAggregate.set(key, [event]);
      else own.push(event);
    }
    let over = 0;
    while (
      over < events.length - batch.length &&
      (events.length - over > limits.most || chars > limits.mostChars)
    ) {
      forget(events[over++] as RecordedEvent);
    }
    if (over === 0) return;
    before = events[over - 1] ?? before;
    events = events.slice(over);
  }

  function forget(event: RecordedEvent): void {
    chars -= event.data.length;
    const key = keyOf(event);
    const own = byAggregate.get(key);
    own?.shift();
    if (own?.length === 0) byAggregate.delete(key);
  }

  /** How many of `events` lie before `place`; undefined if it is not here. */
  function indexOf({ position, eventId }: Place): number | undefined {
    const index = Number(position - before.position);
    if (index < 0 || index > events.length) return undefined;
    const here = index === 0 ? before.eventId : events[index - 1]?.eventId;
    return eventId === '' || here === '' || here === eventId ? index : undefined;
  }

  async function* from(start: Place, signal: AbortSignal) {
    let place = start;
    followers++;
    try {
      for (;;) {
        signal.throwIfAborted();
        const index = ended ? undefined : indexOf(place);
        if (index === undefined) return;
        const taken = events.slice(index);
        const last = taken.at(-1);
        if (last === undefined) {
          await more(signal);
        } else {
          place = last;
          yield taken;
        }
      }
    } finally {
      followers--;
      if (followers === 0) end();
    }
  }

  /** Resolves when there is something to look at again. */
  function more(signal: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      const wake = () => {
        signal.removeEventListener('abort', wake);
        waiting.delete(wake);
        resolve();
      };
      signal.addEventListener('abort', wake);
      waiting.add(wake);
      wanted.resolve();
      wanted = Promise.withResolvers();
    });
  }

  function at(positions: readonly bigint[]): readonly RecordedEvent[] | undefined {
    if (ended) return undefined;
    const found = positions.map((position) => events[Number(position - before.position) - 1]);
    return found.every((event) => event !== undefined) ? found : undefined;
  }

  function of(aggregate: AggregateId): readonly RecordedEvent[] | undefined {
    const own = ended ? undefined : byAggregate.get(keyOf(aggregate));
    return own?.[0]?.version === 1n ? [...own] : undefined;
  }

  // Its failure is for each follower to meet by itself, at its own place.
  void read().then(end, end);
  return { covers: (place) => !ended && indexOf(place) !== undefined, from, at, of };
}

const keyOf = ({ aggregateType, aggregateId }: AggregateId): string =>
  `${aggregateType}\n${aggregateId}`;
