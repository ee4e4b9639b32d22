/**
 * The event store: the interface that clients see over the network
 * (shared/eventstore/event-store.ts), implemented on the log in SQL.
 */
import { setTimeout as delay } from 'node:timers/promises';
import { BulkheadRejectedError, bulkhead } from 'cockatiel';
import type {
  EventFilter,
  EventPage,
  RecordedEvent,
  ServedEventStore,
} from '../../shared/eventstore/event-store.ts';
import { oneByOne } from '../../shared/eventstore/one-by-one.ts';
import type { Context } from '../../shared/kit/context.ts';
import { CodedError } from '../../shared/kit/errors.ts';
import { heardConsumers } from './consumers/heard-consumers.ts';
import { letterRefused } from './consumers/letter-refused.ts';
import type { Checkpoints } from './consumers/sql-checkpoints.ts';
import type { DeadLetters } from './consumers/sql-letters.ts';
import type { GroupCommit } from './log/group-commit.ts';
import { type LiveHead, logWentBack } from './log/live-head.ts';
import type { LogCurrency } from './log/log-currency.ts';
import type { LogPage } from './log/read/log-page.ts';
import type { EventLog } from './log/sql-log.ts';
import { matches, type Recent } from './log/tail.ts';
import type { Standing } from './relay/log-standing.ts';
import { invalidRequest } from './request-rules.ts';

/** Rows per round trip while streaming, fewer if they are large: a slow reader holds two pages. */
const STREAM_PAGE = 500;
/** Connections that readers leave for heads, checkpoints, dead letters, the relay and reading back failed batches. Appends have their own. */
const LEFT_TO_OTHERS = 4;
/** Most concurrent reads of log pages. */
const LOG_READERS = 4;
/**
 * Most concurrent reads of one aggregate, event or batch of events, which decisions
 * about orders need. On a busy machine each takes as long as its processes wait for a
 * CPU: with a limit of four, orders waited seconds although their appends took
 * milliseconds.
 */
const LOOKUPS = 32;
/** Most waiting reads of either kind; more are refused. */
const MAX_WAITING_READERS = 1_000;

/** Limits on concurrent reads, shared by all streams in one database. */
export interface Readers {
  readonly log: ReturnType<typeof bulkhead>;
  readonly lookups: ReturnType<typeof bulkhead>;
}

/** @param connections size of the database's pool */
export function createReaders(connections: number): Readers {
  const { log, lookups } = readersOf(connections);
  return {
    log: bulkhead(log, MAX_WAITING_READERS),
    lookups: bulkhead(lookups, MAX_WAITING_READERS),
  };
}

/** How many reads of each kind may run with so many connections (four or more); at least one of each. */
export function readersOf(connections: number): { log: number; lookups: number } {
  const free = connections - LEFT_TO_OTHERS;
  const log = Math.min(LOG_READERS, Math.max(1, Math.floor(free / 4)));
  return { log, lookups: Math.min(LOOKUPS, Math.max(1, free - log)) };
}

type Batches = AsyncGenerator<readonly RecordedEvent[], void, undefined>;

/**
 * Expects checked requests: see checking.ts. The creator closes the dependencies.
 *
 * @param published the position up to which the stream is known to be a copy of the log
 * @param live the log's end, for its followers
 * @param standing whether the log may grow
 * @param recent the log's last events, in memory
 * @param readers limits shared with other users of the database's connections
 */
export function createService(
  log: EventLog,
  commits: GroupCommit,
  checkpoints: Checkpoints,
  deadLetters: DeadLetters,
  published: () => bigint,
  live: LiveHead,
  standing: Pick<Standing, 'admit' | 'refuse'>,
  currency: Pick<LogCurrency, 'written' | 'settle'>,
  readers: Readers,
  recent: Recent,
): ServedEventStore {
  const heard = heardConsumers();

  async function readPage(
    ctx: Context,
    filter: EventFilter,
    limit: number,
    withoutMetadata = false,
  ): Promise<LogPage> {
    const one =
      filter.aggregateId !== undefined ||
      filter.eventId !== undefined ||
      (filter.positions?.length ?? 0) > 0;
    return inTurn(one ? readers.lookups : readers.log, () =>
      log.read(ctx, filter, limit, { withoutMetadata }),
    );
  }

  async function inTurn<Read>(
    limited: Readers[keyof Readers],
    read: () => Promise<Read>,
  ): Promise<Read> {
    try {
      return await limited.execute(read);
    } catch (error) {
      if (!(error instanceof BulkheadRejectedError)) throw error;
      throw new CodedError(
        'overloaded',
        'too_many_readers',
        `${MAX_WAITING_READERS} readers already wait; try again later.`,
        { cause: error, retryAfterMs: 1_000 },
      );
    }
  }

  /**
   * All pages after `after`, up to the first without more behind it. The next page is
   * read while the reader handles this one, so it holds two at a time.
   */
  async function* pages(ctx: Context, filter: EventFilter, after: bigint, withoutMetadata = false) {
    const readAfter = (position: bigint) => {
      const page = readPage(
        ctx,
        { ...filter, afterPosition: position },
        STREAM_PAGE,
        withoutMetadata,
      );
      // The reader may leave before the page fails.
      page.catch(() => undefined);
      return page;
    };
    for (let page = await readAfter(after); ; ) {
      const last = page.events.at(-1)?.position ?? after;
      const next = page.more ? readAfter(last) : undefined;
      yield { events: page.events, last };
      if (next === undefined) return;
      page = await next;
    }
  }

  /** Reads to the head; events appended meanwhile are left to the next read. */
  async function* upToHead(ctx: Context, filter: EventFilter, withoutMetadata: boolean): Batches {
    const head = await log.head(ctx);
    const after = filter.afterPosition ?? 0n;
    for await (const { events, last } of pages(ctx, filter, after, withoutMetadata)) {
      const wanted = last > head ? events.filter(({ position }) => position <= head) : events;
      if (wanted.length > 0) yield wanted;
      if (last >= head) return;
    }
  }

  /** Rejects unless the log has the event that the read continues from, if the filter names one. */
  async function checkPlace(ctx: Context, filter: EventFilter): Promise<void> {
    const { afterPosition = 0n, afterEventId } = filter;
    if (afterEventId === undefined || afterPosition === 0n) return;
    const there = await log.idAt(ctx, afterPosition);
    if (there === afterEventId) return;
    throw new CodedError(
      'precondition_failed',
      'place_not_in_log',
      `Cannot continue after event ${afterEventId} at position ${afterPosition}: the log has ${there === undefined ? 'none' : `event ${there}`} there, because it was restored to an older state. Read from a place that it has.`,
    );
  }

  async function* placed(ctx: Context, filter: EventFilter, batches: Batches): Batches {
    await checkPlace(ctx, filter);
    yield* batches;
  }

  async function* following(ctx: Context, filter: EventFilter, gatherMs: number): Batches {
    let after = filter.afterPosition ?? 0n;
    let notBefore = 0;
    const generation = live.generation();
    // Always taken before the page is read, so the page misses nothing up to there.
    let head = await log.head(ctx);
    for (;;) {
      for (let events = recent.after(after, STREAM_PAGE); events.length > 0; ) {
        const wanted = events.filter((event) => matches(event, filter));
        if (wanted.length > 0) yield wanted;
        if (live.generation() !== generation) throw logWentBack();
        notBefore = performance.now() + gatherMs;
        after = events.at(-1)?.position ?? after;
        events = recent.after(after, STREAM_PAGE);
      }
      if (head > after) {
        for await (const { events, last } of pages(ctx, filter, after)) {
          if (events.length > 0) yield events;
          after = last;
        }
        notBefore = performance.now() + gatherMs;
        if (live.generation() !== generation) throw logWentBack();
        // Skip what the filter excludes up to the head.
        if (head > after) after = head;
      }
      head = await live.beyond(after, ctx.signal);
      const early = notBefore - performance.now();
      if (early > 0) await delay(early, undefined, ctx).catch(() => ctx.signal.throwIfAborted());
      if (live.generation() !== generation) throw logWentBack();
    }
  }

  const service: ServedEventStore = {
    append: async (ctx, append) => {
      const held = standing.admit(ctx);
      if (held !== undefined) await held;
      return commits.append(ctx, append, append.lane);
    },

    readAggregate: async (ctx, aggregate) => {
      const events: RecordedEvent[] = [];
      for (let afterPosition: bigint | undefined = 0n; afterPosition !== undefined; ) {
        const page: EventPage = await service.read(ctx, {
          ...aggregate,
          afterPosition,
          limit: STREAM_PAGE,
        });
        events.push(...page.events);
        afterPosition = page.nextPosition;
      }
      return events;
    },

    readAggregates: (ctx, aggregates) =>
      inTurn(readers.lookups, () => log.aggregates(ctx, aggregates)),

    read: async (ctx, { limit, ...filter }) => {
      if (filter.afterEventId !== undefined) await checkPlace(ctx, filter);
      const { events, more } = recent.page(filter, limit) ?? (await readPage(ctx, filter, limit));
      return { events, nextPosition: more ? events.at(-1)?.position : undefined };
    },

    batches: async (ctx, request) => {
      const { follow = false, gatherMs = 0, withoutMetadata = false, ...filter } = request;
      if (!follow) return placed(ctx, filter, upToHead(ctx, filter, withoutMetadata));
      const followed = placed(ctx, filter, following(ctx, filter, gatherMs));
      return withoutMetadata ? bare(followed) : followed;
    },

    stream: async (ctx, request) => oneByOne(await service.batches(ctx, request)),

    head: (ctx) => log.head(ctx),

    currency: (ctx) => currency.written(ctx),

    settleCurrency: (ctx, configured) => currency.settle(ctx, configured),

    saveCheckpoint: async (ctx, { consumer, ...checkpoint }) => {
      heard.hear(consumer);
      const { position } = checkpoint;
      // A consumer counts in stream sequences. If the stream is not a copy of the log
      // (after a restored backup, or with foreign messages), the consumer's progress says
      // nothing about the log's events at those positions.
      if (position > published()) {
        throw new CodedError(
          'precondition_failed',
          'not_published',
          `Position ${position} may not be published yet; save it later.`,
        );
      }
      await checkpoints.save(ctx, consumer, checkpoint);
    },

    getCheckpoint: (ctx, consumer) => checkpoints.get(ctx, consumer),

    listCheckpoints: async (ctx) =>
      (await checkpoints.list(ctx)).map((kept) => {
        const silentMs = heard.silentMs(kept.consumer);
        return silentMs === undefined ? kept : { ...kept, silentMs };
      }),

    park: async (ctx, letter) => {
      // An event whose answer the log refuses for now must not be parked: that would be for good.
      standing.refuse();
      const head = await log.head(ctx);
      if (letter.position > head) {
        const message = `is ${letter.position}, but the log has positions 1 to ${head}`;
        throw invalidRequest([{ field: 'letter.position', message }]);
      }
      await deadLetters.park(ctx, {
        ...letter,
        eventId: storable(letter.eventId, 200),
        reason: storable(letter.reason, 128),
        lastError: storable(letter.lastError, 1_000),
        traceparent: storable(letter.traceparent, 64),
      });
    },

    deadLetters: (ctx, { limit, ...filter }) => deadLetters.list(ctx, filter, limit),

    requestReplay: async (ctx, { consumer, position }) => {
      const letter = await deadLetters.request(ctx, consumer, position);
      if (letter !== undefined) return letter;
      const [standing] = await deadLetters.list(ctx, { consumer, position }, 1);
      throw letterRefused(standing, { consumer, position });
    },

    takeReplays: (ctx, { consumer, limit }) => {
      heard.hear(consumer);
      return deadLetters.take(ctx, consumer, limit);
    },

    resolveReplay: (ctx, { consumer, position }) => deadLetters.resolve(ctx, consumer, position),

    closeLetter: async (ctx, { consumer, position, reason }) => {
      const letter = await deadLetters.close(ctx, consumer, position, reason);
      if (letter !== undefined) return letter;
      const [standing] = await deadLetters.list(ctx, { consumer, position }, 1);
      if (standing?.state === 'closed') return standing;
      throw letterRefused(standing, { consumer, position });
    },
  };
  return service;
}

/** The same events without their metadata. */
async function* bare(batches: Batches): Batches {
  for await (const events of batches) yield events.map((event) => ({ ...event, metadata: {} }));
}

/** Any error text, as SQL text can hold it: no NUL, no half of a surrogate pair; shortened, so that lists of letters stay small. */
const storable = (text: string, length: number): string =>
  text.replaceAll('\0', '\uFFFD').slice(0, length).toWellFormed();
