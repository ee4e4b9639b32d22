import type { Context } from '../kit/context.ts';
import type { Database } from '../kit/sql/database.ts';

/** Which deadline: an aggregate has at most one of each kind. */
export interface DeadlineKey<Kind extends string = string> {
  readonly aggregateId: string;
  readonly kind: Kind;
  /** Only if this event began the wait; undefined: whichever did. */
  readonly causedBy?: string;
}

export interface Deadline<Kind extends string = string> extends DeadlineKey<Kind> {
  readonly dueAt: Date;
  /**
   * Position of the event to be answered: the deadline counts from when its worker got
   * it. 0n: it counts from `dueAt` alone.
   */
  readonly position: bigint;
  /** After this it fires whether the worker got the event or not. */
  readonly ceilingAt: Date;
  /** Trace of the event that began the wait; empty if it was in none. */
  readonly traceparent: string;
  readonly correlationId: string;
  /** Id of that event. */
  readonly causedBy: string;
}

/** A deadline as it is read, by the database's clock, which is the only one that counts. */
export interface UpcomingDeadline<Kind extends string = string> extends Deadline<Kind> {
  /** Milliseconds until it is due, as of the reading; 0 or less: it is. */
  readonly dueInMs: number;
  /** Milliseconds until its ceiling; 0 or less: it has passed. */
  readonly ceilingInMs: number;
  /** Firings that failed so far. */
  readonly attempts: number;
}

/** The deadlines in their table. All calls may be repeated, by several processes at once. */
export interface Deadlines<Kind extends string = string> {
  /** Sets all of them or none, replacing existing ones. No key twice. */
  put(ctx: Context, deadlines: readonly Deadline<Kind>[]): Promise<void>;
  /** Removes those that exist. */
  remove(ctx: Context, keys: readonly DeadlineKey<Kind>[]): Promise<void>;
  /** The `limit` deadlines that are due first, due already or not. */
  upcoming(ctx: Context, limit: number): Promise<readonly UpcomingDeadline<Kind>[]>;
  /** After a failed firing: makes the deadline due again in `waitMs` from now. */
  postpone(ctx: Context, key: DeadlineKey<Kind>, waitMs: number): Promise<void>;
  /** Makes each due in its own `waitMs` from now; that is no failure. No key twice. */
  hold(
    ctx: Context,
    held: readonly (DeadlineKey<Kind> & { readonly waitMs: number })[],
  ): Promise<void>;
}

export interface SqlDeadlinesOptions {
  /** The column that holds the aggregate's id. Default `aggregate_id`, as in migrations/. */
  readonly idColumn?: string;
}

/**
 * The table `deadlines` of the service's own database, as migrations/ creates it. Each
 * function is one statement. Rejects with the database's error.
 */
export function sqlDeadlines<Kind extends string>(
  database: Database,
  { idColumn = 'aggregate_id' }: SqlDeadlinesOptions = {},
): Deadlines<Kind> {
  return {
    async put(ctx, deadlines) {
      const text = (column: (deadline: Deadline) => string) => deadlines.map(column);
      await database.query(
        ctx,
        (sql) => sql`
          insert into deadlines
            (${sql(idColumn)}, kind, due_at, position, ceiling_at, traceparent, correlation_id,
             caused_by)
          select i.id, i.kind, i.due_at::timestamptz, i.position::int8,
                 i.ceiling_at::timestamptz, i.traceparent, i.correlation_id, i.caused_by
          from unnest(
            ${text((d) => d.aggregateId)}::text[], ${text((d) => d.kind)}::text[],
            ${text((d) => d.dueAt.toISOString())}::text[], ${text((d) => `${d.position}`)}::text[],
            ${text((d) => d.ceilingAt.toISOString())}::text[], ${text((d) => d.traceparent)}::text[],
            ${text((d) => d.correlationId)}::text[], ${text((d) => d.causedBy)}::text[]
          ) as i(id, kind, due_at, position, ceiling_at, traceparent, correlation_id, caused_by)
          on conflict (${sql(idColumn)}, kind) do update set
            due_at = excluded.due_at, position = excluded.position,
            ceiling_at = excluded.ceiling_at, traceparent = excluded.traceparent,
            correlation_id = excluded.correlation_id, caused_by = excluded.caused_by,
            attempts = 0`,
      );
    },

    // The ids find the rows by the primary key, whatever the planner thinks of the
    // rest; as a join with the pairs it may read the whole table.
    async remove(ctx, keys) {
      await database.query(
        ctx,
        (sql) => sql`
          delete from deadlines
          where ${sql(idColumn)} = any(${keys.map((key) => key.aggregateId)}::text[])
            and (
              kind || ' ' || ${sql(idColumn)} = any(${named(keys, false)}::text[])
              or kind || ' ' || ${sql(idColumn)} || ' ' || caused_by
                 = any(${named(keys, true)}::text[])
            )`,
      );
    },

    async upcoming(ctx, limit) {
      type Row = Omit<UpcomingDeadline<Kind>, 'position'> & { position: string };
      const rows = await database.query<Row>(
        ctx,
        (sql) => sql`
          select ${sql(idColumn)} as "aggregateId", kind, due_at as "dueAt", position,
                 coalesce(ceiling_at, due_at) as "ceilingAt", traceparent,
                 correlation_id as "correlationId", caused_by as "causedBy",
                 (extract(epoch from (due_at - now())) * 1000)::float8 as "dueInMs",
                 (extract(epoch from (coalesce(ceiling_at, due_at) - now())) * 1000)::float8
                   as "ceilingInMs",
                 attempts::int4 as "attempts"
          from deadlines
          order by due_at, ${sql(idColumn)}, kind
          limit ${limit}::int8`,
      );
      return rows.map((row) => ({ ...row, position: BigInt(row.position) }));
    },

    async postpone(ctx, { aggregateId, kind, causedBy = null }, waitMs) {
      await database.query(
        ctx,
        (sql) => sql`
          update deadlines
          set due_at = now() + ${waitMs}::int8 * interval '1 millisecond', attempts = attempts + 1
          where ${sql(idColumn)} = ${aggregateId}::text and kind = ${kind}::text
            and (${causedBy}::text is null or caused_by = ${causedBy}::text)`,
      );
    },

    async hold(ctx, held) {
      const text = (column: (one: (typeof held)[number]) => string) => held.map(column);
      await database.query(
        ctx,
        (sql) => sql`
          update deadlines
          set due_at = now() + i.wait_ms::int8 * interval '1 millisecond'
          from unnest(
            ${text((one) => one.aggregateId)}::text[], ${text((one) => one.kind)}::text[],
            ${text((one) => `${Math.ceil(one.waitMs)}`)}::text[]
          ) as i(id, kind, wait_ms)
          where deadlines.${sql(idColumn)} = i.id and deadlines.kind = i.kind
            and deadlines.${sql(idColumn)} = any(${text((one) => one.aggregateId)}::text[])`,
      );
    },
  };
}

/** The keys as one text each: those that name the event which began the wait, or the others. */
const named = (keys: readonly DeadlineKey[], withCause: boolean): string[] =>
  keys
    .filter(({ causedBy }) => (causedBy !== undefined) === withCause)
    .map(({ kind, aggregateId, causedBy }) =>
      causedBy === undefined ? `${kind} ${aggregateId}` : `${kind} ${aggregateId} ${causedBy}`,
    );
