/**
 * The event store: the same interface that its clients see over the network
 * (shared/eventstore/event-store.ts), on the log in SQL.
 */
import { BulkheadRejectedError, bulkhead } from 'cockatiel';
import type {
  EventFilter,
  EventPage,
  EventStore,
  RecordedEvent,
} from '../../shared/eventstore/event-store.ts';
import { oneByOne } from '../../shared/eventstore/one-by-one.ts';
import type { Context } from '../../shared/kit/context.ts';
import { CodedError } from '../../shared/kit/errors.ts';
import { letterRefused } from './consumers/letter-refused.ts';
import type { Checkpoints } from './consumers/sql-checkpoints.ts';
import type { DeadLetters } from './consumers/sql-letters.ts';
import type { GroupCommit } from './log/group-commit.ts';
import { type LiveHead, logWentBack } from './log/live-head.ts';
import type { LogCurrency } from './log/log-currency.ts';
import type { EventLog, LogPage } from './log/sql-log.ts';
import type { Standing } from './relay/log-standing.ts';
import { invalidRequest } from './request-rules.ts';

/** Rows in one round trip while streaming, fewer where they are large: a slow reader holds two of them. */
const STREAM_PAGE = 500;
/** Connections that readers leave to heads, checkpoints, dead letters, the relay and what is read back of failed batches. Appends have one of their own. */
const LEFT_TO_OTHERS = 4;
/** Pages of the log that are read at the same time, at most. */
const LOG_READERS = 4;
/**
 * Readings of one aggregate, event or batch of events at the same time, at most:
 * those that decide about an order. On a busy machine each takes as long as its processes wait for a
 * CPU, so four of them kept orders waiting for seconds whose appends took
 * milliseconds.
 */
const LOOKUPS = 32;
/** Of either kind; beyond, they are refused. */
const MAX_WAITING_READERS = 1_000;

/** Who reads the log at the same time, of all streams that are in one database. */
export interface Readers {
  readonly log: ReturnType<typeof bulkhead>;
  readonly lookups: ReturnType<typeof bulkhead>;
}

/** @param connections of the database's pool, all that it has */
export function createReaders(connections: number): Readers {
  const { log, lookups } = readersOf(connections);
  return {
    log: bulkhead(log, MAX_WAITING_READERS),
    lookups: bulkhead(lookups, MAX_WAITING_READERS),
  };
}

/** How many of each kind read at the same time where there are so many connections, four at least: one of each or more. */
export function readersOf(connections: number): { log: number; lookups: number } {
  const free = connections - LEFT_TO_OTHERS;
  const log = Math.min(LOG_READERS, Math.max(1, Math.floor(free / 4)));
  return { log, lookups: Math.min(LOOKUPS, Math.max(1, free - log)) };
}

type Batches = AsyncGenerator<readonly RecordedEvent[], void, undefined>;

/**
 * Requests are checked before: see checking.ts. The creator closes what it passes in.
 *
 * @param published up to where the stream is known to be a copy of the log
 * @param live where the log ends, for those who follow it
 * @param standing whether the log may grow
 * @param readers who shares the database's connections
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
): EventStore {
  async function readPage(ctx: Context, filter: EventFilter, limit: number): Promise<LogPage> {
    const one =
      filter.aggregateId !== undefined ||
      filter.eventId !== undefined ||
      (filter.positions?.length ?? 0) > 0;
    try {
      return await (one ? readers.lookups : readers.log).execute(() =>
        log.read(ctx, filter, limit),
      );
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
   * All pages from `after` on, to the first that has no more behind it. The next
   * one is read while the reader is busy with this one: it holds two at a time.
   */
  async function* pages(ctx: Context, filter: EventFilter, after: bigint) {
    const readAfter = (position: bigint) => {
      const page = readPage(ctx, { ...filter, afterPosition: position }, STREAM_PAGE);
      // A reader that has left does not learn how it ended.
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

  /** What is appended while it is read is the next reading's. */
  async function* upToHead(ctx: Context, filter: EventFilter): Batches {
    const head = await log.head(ctx);
    for await (const { events, last } of pages(ctx, filter, filter.afterPosition ?? 0n)) {
      const wanted = last > head ? events.filter(({ position }) => position <= head) : events;
      if (wanted.length > 0) yield wanted;
      if (last >= head) return;
    }
  }

  /** Rejects unless the log has the event that the reading goes on after, where that is named. */
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

  async function* following(ctx: Context, filter: EventFilter): Batches {
    let after = filter.afterPosition ?? 0n;
    const generation = live.generation();
    // Always from before the page is read: up to there nothing can be missing from it.
    let head = await log.head(ctx);
    for (;;) {
      for await (const { events, last } of pages(ctx, filter, after)) {
        if (events.length > 0) yield events;
        after = last;
      }
      if (live.generation() !== generation) throw logWentBack();
      // What the filter passes over up to the head needs not be looked at again.
      if (head > after) after = head;
      head = await live.beyond(after, ctx.signal);
      if (live.generation() !== generation) throw logWentBack();
    }
  }

  const service: EventStore = {
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

    read: async (ctx, { limit, ...filter }) => {
      if (filter.afterEventId !== undefined) await checkPlace(ctx, filter);
      const { events, more } = await readPage(ctx, filter, limit);
      return { events, nextPosition: more ? events.at(-1)?.position : undefined };
    },

    batches: async (ctx, { follow = false, ...filter }) =>
      placed(ctx, filter, follow ? following(ctx, filter) : upToHead(ctx, filter)),

    stream: async (ctx, request) => oneByOne(await service.batches(ctx, request)),

    head: (ctx) => log.head(ctx),

    currency: (ctx) => currency.written(ctx),

    settleCurrency: (ctx, configured) => currency.settle(ctx, configured),

    saveCheckpoint: async (ctx, { consumer, ...checkpoint }) => {
      const { position } = checkpoint;
      // A consumer counts in the stream. Where that is no copy of the log (after
      // a restored backup, or with foreign messages in it), what it is done with
      // there says nothing of the events that the log has at those positions.
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

    listCheckpoints: (ctx) => checkpoints.list(ctx),

    park: async (ctx, letter) => {
      // Given up for want of a log that takes its answer, it would be given up for good.
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

    takeReplays: (ctx, { consumer, limit }) => deadLetters.take(ctx, consumer, limit),

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

/** What went wrong may be anything; SQL text cannot hold a NUL nor half of a surrogate pair, nor a list of letters texts without end. */
const storable = (text: string, length: number): string =>
  text.replaceAll('\0', '\uFFFD').slice(0, length).toWellFormed();
