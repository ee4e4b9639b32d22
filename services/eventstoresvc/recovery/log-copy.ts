/**
 * The log for backup and restore: every column as stored, times to the microsecond. It
 * uses SQL, so it works while no event store runs; `ordersctl restore` uses it when
 * nothing else writes.
 */
import type { Context } from '../../../shared/kit/context.ts';
import { CodedError } from '../../../shared/kit/errors.ts';
import type { Database } from '../../../shared/kit/sql/database.ts';

/** An event as stored, int8 as text. */
export interface CopiedEvent {
  readonly position: string;
  readonly eventId: string;
  readonly eventType: string;
  readonly aggregateType: string;
  readonly aggregateId: string;
  readonly version: string;
  readonly data: string;
  /** JSON. */
  readonly metadata: string;
  /** Microseconds since 1970. */
  readonly createdMicros: string;
}

/** A worker's place: every event up to here is answered, and the answers are in the log. */
export interface CopiedPlace {
  readonly consumer: string;
  readonly position: string;
  readonly eventId: string;
}

export interface LogCopy {
  /** Position of the last event. */
  head(ctx: Context): Promise<bigint>;
  /**
   * The places of `consumers`, as far as the log has them. Ask before `head`, so that
   * the log up to the head has every answer to events before them. A place is before
   * the first parked message: letters are not copied, so parked events must be
   * delivered again.
   */
  places(ctx: Context, consumers: readonly string[]): Promise<readonly CopiedPlace[]>;
  /** Some events after `after` and up to `upTo`, by position; empty only if there are none left. */
  page(ctx: Context, after: bigint, upTo: bigint): Promise<readonly CopiedEvent[]>;
  /** Those of these orders that have an event of one of the types at or before `upTo`. */
  having(
    ctx: Context,
    orders: { readonly aggregateType: string; readonly ids: readonly string[] },
    eventTypes: readonly string[],
    upTo: bigint,
  ): Promise<ReadonlySet<string>>;
  /** True if there is no event and never was one. */
  isEmpty(ctx: Context): Promise<boolean>;
  /** The restore that has begun and not ended, by the name given to `begin`. */
  begun(ctx: Context): Promise<string | undefined>;
  /** Records that the restore `name` begins. */
  begin(ctx: Context, name: string): Promise<void>;
  /**
   * Writes events at their positions. The head does not move, so nobody sees them before
   * `finish`. May be repeated.
   */
  write(ctx: Context, events: readonly CopiedEvent[]): Promise<void>;
  /**
   * Moves the head to `head`, which ends the restore, and restores the workers' places.
   * False: somebody appended meanwhile.
   */
  finish(
    ctx: Context,
    name: string,
    head: bigint,
    places: readonly CopiedPlace[],
  ): Promise<boolean>;
}

/** Most events in a page, and the payload in bytes after which it ends. */
const PAGE_EVENTS = 4_000;
const PAGE_BYTES = 2 * 1024 * 1024;

/** Prefix of the checkpoint row that marks a restore under way. */
const RESTORE = 'restore ';

export function createLogCopy(database: Database, stream: string): LogCopy {
  async function head(ctx: Context): Promise<bigint> {
    const [row] = await database.query<{ position: string }>(
      ctx,
      (sql) => sql`select position from log_head where stream = ${stream}::text`,
    );
    if (row !== undefined) return BigInt(row.position);
    const message = `The log has no head for ${stream}: the bootstrapper has not run.`;
    throw new CodedError('unavailable', 'log_unavailable', message);
  }

  return {
    head,

    places: (ctx, consumers) =>
      database.query<CopiedPlace>(
        ctx,
        (sql) => sql`
          with done as (
            select c.consumer,
                   least(c.position, coalesce(min(l.position) - 1, c.position)) as position
            from checkpoints c
            join events e on e.stream = ${stream}::text and e.position = c.position
                             and c.event_id in ('', e.event_id)
            left join dead_letters l on l.consumer = c.consumer
                                        and l.resolved_at is null and l.closed_at is null
            where c.consumer = any(${consumers as string[]}::text[])
            group by c.consumer, c.position
          )
          select d.consumer, d.position, e.event_id as "eventId"
          from done d
          join events e on e.stream = ${stream}::text and e.position = d.position
          order by d.consumer`,
      ),

    page: (ctx, after, upTo) =>
      database.query<CopiedEvent>(
        ctx,
        (sql) => sql`
          with page as (
            select position, event_id, event_type, aggregate_type, aggregate_id, version,
                   event_data, metadata, created_at
            from events
            where stream = ${stream}::text and position > ${String(after)}::int8
              and position <= ${String(upTo)}::int8
            order by position limit ${PAGE_EVENTS}::int8
          ), sized as (
            select position, event_id, event_type, aggregate_type, aggregate_id, version,
                   event_data, metadata, created_at,
                   sum(octet_length(event_data))
                     over (order by position rows unbounded preceding)
                     - octet_length(event_data) as bytes_before
            from page
          )
          select position, event_id as "eventId", event_type as "eventType",
                 aggregate_type as "aggregateType", aggregate_id as "aggregateId", version,
                 event_data as data, metadata::text as metadata,
                 (extract(epoch from created_at) * 1000000)::int8 as "createdMicros"
          from sized where bytes_before < ${PAGE_BYTES}::int8 order by position`,
      ),

    having: async (ctx, { aggregateType, ids }, eventTypes, upTo) => {
      const rows = await database.query<{ id: string }>(
        ctx,
        (sql) => sql`
          select distinct aggregate_id as id from events
          where aggregate_id = any(${ids as string[]}::text[])
            and aggregate_type = ${aggregateType}::text and stream = ${stream}::text
            and event_type = any(${eventTypes as string[]}::text[])
            and position <= ${String(upTo)}::int8`,
      );
      return new Set(rows.map(({ id }) => id));
    },

    isEmpty: async (ctx) => {
      if ((await head(ctx)) !== 0n) return false;
      const rows = await database.query<{ one: number }>(
        ctx,
        (sql) => sql`select 1 as one from events limit 1`,
      );
      return rows.length === 0;
    },

    begun: async (ctx) => {
      const [row] = await database.query<{ consumer: string }>(
        ctx,
        (sql) => sql`
          select consumer from checkpoints where consumer like ${`${RESTORE}%`}::text`,
      );
      return row?.consumer.slice(RESTORE.length);
    },

    begin: async (ctx, name) => {
      await database.query(
        ctx,
        (sql) => sql`
          insert into checkpoints (consumer, position)
          values (${RESTORE + name}::text, 0)
          on conflict (consumer) do nothing`,
      );
    },

    write: async (ctx, events) => {
      const text = (column: (event: CopiedEvent) => string) => events.map(column);
      await database.query(
        ctx,
        (sql) => sql`
          insert into events (stream, position, event_id, event_type, aggregate_type,
                              aggregate_id, version, event_data, metadata, created_at)
          select ${stream}::text, i.position::int8, i.event_id, i.event_type, i.aggregate_type,
                 i.aggregate_id, i.version::int8, i.event_data, i.metadata::jsonb,
                 '1970-01-01 00:00:00+00'::timestamptz
                   + i.created_micros::int8 * interval '1 microsecond'
          from unnest(
            ${text((e) => e.position)}::text[], ${text((e) => e.eventId)}::text[],
            ${text((e) => e.eventType)}::text[], ${text((e) => e.aggregateType)}::text[],
            ${text((e) => e.aggregateId)}::text[], ${text((e) => e.version)}::text[],
            ${text((e) => e.data)}::text[], ${text((e) => e.metadata)}::text[],
            ${text((e) => e.createdMicros)}::text[]
          ) as i (position, event_id, event_type, aggregate_type, aggregate_id, version,
                  event_data, metadata, created_micros)
          on conflict (stream, position) do nothing`,
      );
    },

    // Two statements, since CockroachDB refuses one that changes a table twice. One that is
    // killed between them still has the mark, and writes the same places again.
    finish: async (ctx, name, last, places) => {
      const text = (column: (place: CopiedPlace) => string) => places.map(column);
      await database.query(
        ctx,
        (sql) => sql`
          insert into checkpoints (consumer, position, event_id, delivered)
          select p.consumer, p.position::int8, p.event_id, p.position::int8
          from log_head, unnest(
            ${text((p) => p.consumer)}::text[], ${text((p) => p.position)}::text[],
            ${text((p) => p.eventId)}::text[]
          ) as p (consumer, position, event_id)
          where log_head.stream = ${stream}::text and log_head.position = 0
            and exists (select 1 from checkpoints c where c.consumer = ${RESTORE + name}::text)
          on conflict (consumer) do nothing`,
      );
      const moved = await database.query<{ position: string }>(
        ctx,
        (sql) => sql`
          with ended as (
            delete from checkpoints where consumer = ${RESTORE + name}::text returning 1
          ), moved as (
            update log_head set position = ${String(last)}::int8
            where stream = ${stream}::text and position = 0 and exists (select 1 from ended)
            returning position
          )
          select position from moved`,
      );
      return moved.length === 1;
    },
  };
}
