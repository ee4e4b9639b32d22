/**
 * The log in SQL. Each function is one complete statement, as every write must be
 * (see shared/kit/sql/database.ts). Works on PostgreSQL and CockroachDB.
 */

import type {
  AggregateId,
  EventFilter,
  RecordedEvent,
  WholeAggregate,
} from '../../../shared/eventstore/event-store.ts';
import type { Context } from '../../../shared/kit/context.ts';
import { CodedError } from '../../../shared/kit/errors.ts';
import type { Database } from '../../../shared/kit/sql/database.ts';
import { type Append, aggregateOf } from './append.ts';
import type { KnownEvent, Snapshot } from './classify.ts';
import type { PredictedEvent } from './optimistic.ts';
import { type EventRow, recorded } from './read/event-row.ts';
import { type LogPage, PAGE_BYTES } from './read/log-page.ts';
import { readAggregates } from './read/sql-aggregates.ts';
import { appendMany, appendOne, type Written } from './sql-append.ts';
import { restoreEvents } from './sql-restore.ts';
import { createTail, type Tail } from './tail.ts';

export interface EventLog {
  /**
   * Writes a batch at the current head. Resolves with undefined if a predecessor is
   * missing (then nothing was written). Rejects with SQLSTATE 23505 for an id or a
   * version that is taken.
   */
  append(ctx: Context, events: readonly PredictedEvent[]): Promise<Written | undefined>;
  /**
   * Restores events at their own positions, versions and times. Resolves with false if
   * the log does not end right before the first (then nothing was written). Rejects as
   * `append` does.
   */
  restore(ctx: Context, events: readonly RecordedEvent[]): Promise<boolean>;
  /**
   * What the log holds, at one moment, of the ids and aggregates in `batch`. Rejects
   * with `log_went_back` (unavailable) if the log ends before a position that was
   * committed or seen here; then `append` writes nothing either.
   */
  snapshot(ctx: Context, batch: readonly Append[]): Promise<Snapshot>;
  head(ctx: Context): Promise<bigint>;
  /** Accepts `head` as the log's end, although it ended later before. */
  rebase(head: bigint): void;
  /** Id of the event at a position; undefined if there is none. */
  idAt(ctx: Context, position: bigint): Promise<string | undefined>;
  /** Events after a position that match the filter, by position: at most `limit`, fewer if they are large. */
  read(
    ctx: Context,
    filter: EventFilter,
    limit: number,
    how?: { readonly withoutMetadata?: boolean },
  ): Promise<LogPage>;
  /** All events of each aggregate, as of one moment: a result for each, in the order asked. */
  aggregates(ctx: Context, asked: readonly AggregateId[]): Promise<readonly WholeAggregate[]>;
}

/**
 * The log of `stream` in `database`, whose migrations make the schema and the head row.
 * `appends` is the same database, opened with APPENDING of sql-append.ts. `tail` gets
 * what is appended here, before `append` resolves.
 */
export function createEventLog(
  database: Database,
  appends: Database,
  stream: string,
  wentBack: (head: bigint, committed: bigint) => void = () => undefined,
  tail: Tail = createTail(),
): EventLog {
  /** The last position known to be committed: the log must not end before it. */
  let committed = 0n;
  /** `wentBack` was called for this setback already. */
  let told = false;

  const reached = (position: bigint) => {
    if (position > committed) committed = position;
  };

  /** @param floor the last position known to be committed before the head was read */
  function checkHead(head: bigint, floor: bigint): void {
    if (head >= floor) {
      reached(head);
      told = false;
    } else if (!told) {
      told = true;
      tail.clear();
      wentBack(head, floor);
    }
  }

  return {
    append: async (ctx, events) => {
      const floor = String(committed);
      const generation = tail.generation();
      const written =
        events.length === 1 && events[0] !== undefined
          ? await appendOne(appends, stream, ctx, events[0], floor)
          : await appendMany(appends, stream, ctx, events, floor);
      if (written === undefined) return undefined;
      reached(written.first + BigInt(events.length) - 1n);
      tail.add(recordedAs(events, stream, written), generation);
      return written;
    },

    restore: async (ctx, events) => {
      const done = await restoreEvents(appends, stream, ctx, events);
      if (done) reached(events.at(-1)?.position ?? 0n);
      return done;
    },

    rebase: (head) => {
      committed = head;
      told = false;
    },

    // One statement, hence one snapshot, so ids and versions are consistent.
    snapshot: async (ctx, batch) => {
      const ids = batch.flatMap(({ events }) => events.map(({ eventId }) => eventId));
      const aggregates = new Map(batch.map((append) => [aggregateOf(append), append.events[0]]));
      const floor = committed;
      const rows = await database.query<EventRow & { kind: 'event' | 'aggregate' | 'head' }>(
        ctx,
        (sql) => sql`
          select 'event' as kind, position, event_id, event_type, aggregate_type, aggregate_id,
                 version, event_data
          from events where event_id = any(${ids}::text[])
          union all
          select 'head', position, '', '', '', '', null, '' from log_head
          where stream = ${stream}::text
          union all
          select 'aggregate', 0::int8, '', '', a.aggregate_type, a.aggregate_id,
                 (select max(e.version) from events e
                  where e.aggregate_id = a.aggregate_id and e.aggregate_type = a.aggregate_type), ''
          from unnest(
            ${[...aggregates.values()].map((event) => event?.aggregateType ?? '')}::text[],
            ${[...aggregates.values()].map((event) => event?.aggregateId ?? '')}::text[]
          ) as a (aggregate_type, aggregate_id)`,
      );
      const known = new Map<string, KnownEvent>();
      const versions = new Map<string, bigint>();
      for (const row of rows) {
        if (row.kind === 'head') {
          const head = BigInt(row.position);
          checkHead(head, floor);
          if (head < floor) throw wentBackError(head, floor);
        } else if (row.kind === 'event') {
          known.set(row.event_id, {
            eventId: row.event_id,
            eventType: row.event_type,
            aggregateType: row.aggregate_type,
            aggregateId: row.aggregate_id,
            data: row.event_data,
            metadata: {},
            version: BigInt(row.version),
            position: BigInt(row.position),
          });
        } else if (row.version !== null) {
          versions.set(`${row.aggregate_type}\n${row.aggregate_id}`, BigInt(row.version));
        }
      }
      return { known, versions };
    },

    head: async (ctx) => {
      const floor = committed;
      const [row] = await database.query<{ position: string }>(
        ctx,
        (sql) => sql`select position from log_head where stream = ${stream}::text`,
      );
      const head = BigInt(row?.position ?? 0);
      checkHead(head, floor);
      return head;
    },

    idAt: async (ctx, position) => {
      const [row] = await database.query<{ event_id: string }>(
        ctx,
        (sql) => sql`
          select event_id from events
          where stream = ${stream}::text and position = ${String(position)}::int8`,
      );
      return row?.event_id;
    },

    aggregates: (ctx, asked) => readAggregates(database, stream, ctx, asked),

    // Ids, positions and aggregates match few rows: their own index finds them, and they
    // are sorted. Materialized, because the planner may otherwise scan the log by position
    // in the hope of finding them soon.
    read: async (ctx, filter, limit, { withoutMetadata = false } = {}) => {
      const { eventId, aggregateId = null, aggregateType = null } = filter;
      const { eventTypes = [], positions = [] } = filter;
      const rows = await database.query<EventRow & { found: string }>(ctx, (sql) => {
        const plain = sql`
          stream, position, event_id, event_type, aggregate_type, aggregate_id, version, event_data,
          created_at`;
        const columns = withoutMetadata ? plain : sql`${plain}, metadata`;
        const few =
          eventId !== undefined
            ? sql`event_id = ${eventId}::text`
            : aggregateId !== null
              ? sql`aggregate_id = ${aggregateId}::text`
              : sql`stream = ${stream}::text and position = any(${positions.map(String)}::text[]::int8[])`;
        const source =
          eventId === undefined && aggregateId === null && positions.length === 0
            ? sql`select ${columns} from events`
            : sql`select ${columns} from few`;
        // Included only when needed: as an `or` it keeps the planner from using the index.
        const ofPositions =
          positions.length === 0
            ? sql``
            : sql`and position = any(${positions.map(String)}::text[]::int8[])`;
        return sql<(EventRow & { found: string })[]>`
          with few as materialized (select ${columns} from events where ${few}),
          page as (
            ${source}
            where stream = ${stream}::text
              and position > ${String(filter.afterPosition ?? 0n)}::int8
              and (${aggregateId}::text is null or aggregate_id = ${aggregateId}::text)
              and (${aggregateType}::text is null or aggregate_type = ${aggregateType}::text)
              and (${eventTypes.length}::int8 = 0 or event_type = any(${[...eventTypes]}::text[]))
              ${ofPositions}
            order by position limit ${limit + 1}::int8
          ),
          sized as (
            select ${columns}, count(*) over () as found,
                   sum(octet_length(event_data))
                     over (order by position rows unbounded preceding)
                     - octet_length(event_data) as bytes_before
            from page
          )
          select ${columns}, found from sized
          where bytes_before < ${PAGE_BYTES}::int8
          order by position limit ${limit}::int8`;
      });
      return { events: rows.map(recorded), more: Number(rows[0]?.found ?? 0) > rows.length };
    },
  };
}

/** Events as they were written, as a read would give them. */
const recordedAs = (
  events: readonly PredictedEvent[],
  stream: string,
  { first, versions, createdAt }: Written,
): RecordedEvent[] =>
  events.map(({ event }, index) => ({
    stream,
    position: first + BigInt(index),
    eventId: event.eventId,
    eventType: event.eventType,
    aggregateType: event.aggregateType,
    aggregateId: event.aggregateId,
    version: versions[index] ?? 0n,
    data: event.data,
    metadata: event.metadata,
    createdAt,
  }));

const wentBackError = (head: bigint, committed: bigint) =>
  new CodedError(
    'unavailable',
    'log_went_back',
    `The log ends at ${head}, but ${committed} was committed: it was restored to an older state, and accepts no events until it has been compared with the stream.`,
    { retryAfterMs: 5_000 },
  );
