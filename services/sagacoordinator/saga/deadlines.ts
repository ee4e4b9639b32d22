import { eventTypes } from '../../../shared/contracts/events.ts';
import { durables } from '../../../shared/contracts/subjects.ts';
import type { RecordedEvent } from '../../../shared/eventstore/event-store.ts';
import type { Context } from '../../../shared/kit/context.ts';
import type { Database } from '../../../shared/kit/sql/database.ts';
import type { DeadlineKind } from './saga.ts';

/** Which deadline: an order has at most one of each kind. */
export interface DeadlineKey {
  readonly orderId: string;
  readonly kind: DeadlineKind;
}

export interface Deadline extends DeadlineKey {
  readonly dueAt: Date;
  /**
   * Of the event that is waited to be answered: the deadline counts from when its
   * worker got it. 0n: it counts from `dueAt` alone.
   */
  readonly position: bigint;
  /** Beyond this it fires whether the worker got the event or not. */
  readonly ceilingAt: Date;
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
  /** Milliseconds until its ceiling; 0 or less: it has passed. */
  readonly ceilingInMs: number;
  /** Firings that failed so far. */
  readonly attempts: number;
}

/** How long an order may wait for what, in milliseconds. */
export type DeadlineTimes = Readonly<Record<DeadlineKind, number>> & {
  /** However long the queue is that it waits in. */
  readonly ceiling: number;
};

/** Who answers what is waited for: a durable, and the type of the event that it gets for it. */
export const answeredBy = {
  payment: { consumer: durables.payment, eventType: eventTypes.created },
  review: { consumer: durables.review, eventType: eventTypes.paymentdebited },
  void: { consumer: durables.payment, eventType: eventTypes.voidrequested },
} as const satisfies Record<DeadlineKind, { consumer: string; eventType: string }>;

/** The deadline of `kind` for an order that waits since `event`, `waitMs` long. */
export function deadlineSince(
  event: RecordedEvent,
  kind: DeadlineKind,
  waitMs: number,
  ceilingMs: number,
): Deadline {
  const at = event.createdAt.getTime();
  return {
    orderId: event.aggregateId,
    kind,
    dueAt: new Date(at + waitMs),
    // What its worker never gets cannot be waited for: a foreign writer's order may
    // have been paid before it was created.
    position: event.eventType === answeredBy[kind].eventType ? event.position : 0n,
    ceilingAt: new Date(at + Math.max(waitMs, ceilingMs)),
    traceparent: event.metadata.traceparent ?? '',
    correlationId: event.metadata.correlation_id ?? '',
    causedBy: event.eventId,
  };
}

const DAY_MS = 86_400_000;

/** How long to wait for the answer to the `asked`-th request for a void: each time twice as long, a day at most. */
export function voidWaitMs(firstMs: number, asked: number): number {
  return Math.min(firstMs * 2 ** Math.max(0, asked - 1), Math.max(firstMs, DAY_MS));
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
  /** They are due in `waitMs` from now, each in its own; that is no failure. No key twice. */
  hold(ctx: Context, held: readonly (DeadlineKey & { readonly waitMs: number })[]): Promise<void>;
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
            (order_id, kind, due_at, position, ceiling_at, traceparent, correlation_id, caused_by)
          select i.order_id, i.kind, i.due_at::timestamptz, i.position::int8,
                 i.ceiling_at::timestamptz, i.traceparent, i.correlation_id, i.caused_by
          from unnest(
            ${text((d) => d.orderId)}::text[], ${text((d) => d.kind)}::text[],
            ${text((d) => d.dueAt.toISOString())}::text[], ${text((d) => `${d.position}`)}::text[],
            ${text((d) => d.ceilingAt.toISOString())}::text[], ${text((d) => d.traceparent)}::text[],
            ${text((d) => d.correlationId)}::text[], ${text((d) => d.causedBy)}::text[]
          ) as i(order_id, kind, due_at, position, ceiling_at, traceparent, correlation_id,
                 caused_by)
          on conflict (order_id, kind) do update set
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
          where order_id = any(${keys.map((key) => key.orderId)}::text[])
            and kind || ' ' || order_id
                = any(${keys.map((key) => `${key.kind} ${key.orderId}`)}::text[])`,
      );
    },

    async upcoming(ctx, limit) {
      const rows = await database.query<Omit<UpcomingDeadline, 'position'> & { position: string }>(
        ctx,
        (sql) => sql`
          select order_id as "orderId", kind, due_at as "dueAt", position,
                 coalesce(ceiling_at, due_at) as "ceilingAt", traceparent,
                 correlation_id as "correlationId", caused_by as "causedBy",
                 (extract(epoch from (due_at - now())) * 1000)::float8 as "dueInMs",
                 (extract(epoch from (coalesce(ceiling_at, due_at) - now())) * 1000)::float8
                   as "ceilingInMs",
                 attempts::int4 as "attempts"
          from deadlines
          order by due_at, order_id, kind
          limit ${limit}::int8`,
      );
      return rows.map((row) => ({ ...row, position: BigInt(row.position) }));
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

    async hold(ctx, held) {
      const text = (column: (one: (typeof held)[number]) => string) => held.map(column);
      await database.query(
        ctx,
        (sql) => sql`
          update deadlines
          set due_at = now() + i.wait_ms::int8 * interval '1 millisecond'
          from unnest(
            ${text((one) => one.orderId)}::text[], ${text((one) => one.kind)}::text[],
            ${text((one) => `${Math.ceil(one.waitMs)}`)}::text[]
          ) as i(order_id, kind, wait_ms)
          where deadlines.order_id = i.order_id and deadlines.kind = i.kind
            and deadlines.order_id = any(${text((one) => one.orderId)}::text[])`,
      );
    },
  };
}
