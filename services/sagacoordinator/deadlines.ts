import type { RecordedEvent } from '../../shared/eventstore/event-store.ts';
import type { Context } from '../../shared/kit/context.ts';
import type { Database } from '../../shared/kit/database.ts';
import type { DeadlineKind } from './saga.ts';

/** Which deadline: an order has at most one of each kind. */
export interface DeadlineKey {
  readonly orderId: string;
  readonly kind: DeadlineKind;
}

export interface Deadline extends DeadlineKey {
  readonly dueAt: Date;
  /** Of the event that began the waiting; empty if it was in no trace. */
  readonly traceparent: string;
  readonly correlationId: string;
  /** Id of that event. */
  readonly causedBy: string;
}

/** A deadline as it is found: by the database's clock, which is the only one that judges. */
export interface UpcomingDeadline extends Deadline {
  /** Milliseconds until it is due, as of the reading; 0 or less: it is. */
  readonly dueInMs: number;
  /** Firings that failed so far. */
  readonly attempts: number;
}

/** How long an order may wait for what, in milliseconds. */
export type DeadlineTimes = Readonly<Record<DeadlineKind, number>>;

/** The deadline of `kind` for the order that stands where `event` brought it. */
export function deadlineSince(
  event: RecordedEvent,
  kind: DeadlineKind,
  times: DeadlineTimes,
): Deadline {
  return {
    orderId: event.aggregateId,
    kind,
    dueAt: new Date(event.createdAt.getTime() + times[kind]),
    traceparent: event.metadata.traceparent ?? '',
    correlationId: event.metadata.correlation_id ?? '',
    causedBy: event.eventId,
  };
}

/** The deadlines in their table. All of it may be repeated, by several processes at once. */
export interface Deadlines {
  /** Sets them all or none; those that are there already are replaced. No key twice. */
  put(ctx: Context, deadlines: readonly Deadline[]): Promise<void>;
  /** Removes those that are there. */
  remove(ctx: Context, keys: readonly DeadlineKey[]): Promise<void>;
  /** The `limit` deadlines that are due first, whether they are due yet or not. */
  upcoming(ctx: Context, limit: number): Promise<readonly UpcomingDeadline[]>;
  /** Its firing failed: it is due again in `waitMs` from now. */
  postpone(ctx: Context, key: DeadlineKey, waitMs: number): Promise<void>;
}

/** The table of migrations/, owned by this service. Each function is one statement. */
export function sqlDeadlines(database: Database): Deadlines {
  return {
    async put(ctx, deadlines) {
      const text = (column: (deadline: Deadline) => string) => deadlines.map(column);
      await database.query(
        ctx,
        (sql) => sql`
          insert into deadlines
            (order_id, kind, due_at, traceparent, correlation_id, caused_by)
          select i.order_id, i.kind, i.due_at::timestamptz, i.traceparent, i.correlation_id,
                 i.caused_by
          from unnest(
            ${text((d) => d.orderId)}::text[], ${text((d) => d.kind)}::text[],
            ${text((d) => d.dueAt.toISOString())}::text[], ${text((d) => d.traceparent)}::text[],
            ${text((d) => d.correlationId)}::text[], ${text((d) => d.causedBy)}::text[]
          ) as i(order_id, kind, due_at, traceparent, correlation_id, caused_by)
          on conflict (order_id, kind) do update set
            due_at = excluded.due_at, traceparent = excluded.traceparent,
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
          where order_id = any(${keys.map((key) => key.orderId)}::text[])
            and kind || ' ' || order_id
                = any(${keys.map((key) => `${key.kind} ${key.orderId}`)}::text[])`,
      );
    },

    async upcoming(ctx, limit) {
      return database.query<UpcomingDeadline>(
        ctx,
        (sql) => sql`
          select order_id as "orderId", kind, due_at as "dueAt", traceparent,
                 correlation_id as "correlationId", caused_by as "causedBy",
                 (extract(epoch from (due_at - now())) * 1000)::float8 as "dueInMs",
                 attempts::int4 as "attempts"
          from deadlines
          order by due_at, order_id, kind
          limit ${limit}::int8`,
      );
    },

    async postpone(ctx, { orderId, kind }, waitMs) {
      await database.query(
        ctx,
        (sql) => sql`
          update deadlines
          set due_at = now() + ${waitMs}::int8 * interval '1 millisecond', attempts = attempts + 1
          where order_id = ${orderId}::text and kind = ${kind}::text`,
      );
    },
  };
}
