import { READ_MODEL } from '../../shared/contracts/subjects.ts';
import type { OrderStatus, PaymentStatus } from '../../shared/domain/order.ts';
import type { Context } from '../../shared/kit/context.ts';
import type { Database } from '../../shared/kit/database.ts';
import { CodedError } from '../../shared/kit/errors.ts';
import type { OrderRow } from './order-row.ts';

/** An event that could not be read, as it is kept for people. */
export interface ProjectionFailure {
  readonly position: bigint;
  readonly eventId: string;
  readonly eventType: string;
  readonly orderId: string;
  readonly reason: string;
}

/** What a batch of events comes to. */
export interface Change {
  /** The checkpoint that it was worked out from. */
  readonly from: bigint;
  /** The checkpoint after it. */
  readonly to: bigint;
  /** Complete rows, at most one an order. */
  readonly rows: readonly OrderRow[];
  readonly failures: readonly ProjectionFailure[];
}

/** The read model's tables, as the projection needs them. */
export interface ReadModel {
  /** How much of the log is in the rows. */
  checkpoint(ctx: Context): Promise<bigint>;
  /** The rows of these orders, as far as there are any, by order id. */
  rows(ctx: Context, orderIds: readonly string[]): Promise<Map<string, OrderRow>>;
  /**
   * Writes rows, failures and checkpoint, all or none, if the checkpoint still is
   * `change.from`. False: it was not, or this is a repetition of a write that
   * got through unseen; either way the checkpoint tells where to go on.
   */
  write(ctx: Context, change: Change): Promise<boolean>;
}

/**
 * What empties the read model, to be run by hand: everything in it is in the log,
 * from which it is filled again. One transaction, so that it can be done while
 * the projection runs.
 */
export const EMPTY_READ_MODEL = `begin; delete from orders; delete from projection_failures where name = '${READ_MODEL}'; update projection_checkpoint set position = 0 where name = '${READ_MODEL}'; commit;`;

/** The tables of migrations/, owned by this service. */
export function sqlReadModel(database: Database): ReadModel {
  return {
    async checkpoint(ctx) {
      const [row] = await database.query<{ position: string }>(
        ctx,
        (sql) => sql`
          select position from projection_checkpoint where name = ${READ_MODEL}::text`,
      );
      if (row !== undefined) return BigInt(row.position);
      throw new CodedError(
        'unavailable',
        'read_model_not_prepared',
        'The read model has no checkpoint: the bootstrapper has not run.',
      );
    },

    async rows(ctx, orderIds) {
      const found = await database.query<StoredRow>(
        ctx,
        (sql) => sql`
          select order_id as "orderId", customer_id as "customerId",
                 restaurant_id as "restaurantId", status, payment,
                 amount_minor as "amountMinor", items, created_on as "createdOn", reason,
                 version, position, created_at as "createdAt", updated_at as "updatedAt"
          from orders
          where order_id = any(${orderIds as string[]}::text[])`,
      );
      return new Map(found.map((row) => [row.orderId, asOrderRow(row)]));
    },

    async write(ctx, { from, to, rows, failures }) {
      // One statement: the rows come from `moved`, so nothing is written unless the
      // checkpoint moved, and judging by what it returns cannot be mistaken.
      const text = (column: (row: OrderRow) => string | bigint) =>
        rows.map((r) => String(column(r)));
      const failed = (column: (f: ProjectionFailure) => string | bigint) =>
        failures.map((f) => String(column(f)));
      const moved = await database.query<{ position: string }>(
        ctx,
        (sql) => sql`
          with moved as (
            update projection_checkpoint set position = ${String(to)}::int8
            where name = ${READ_MODEL}::text and position = ${String(from)}::int8
            returning name, position
          ), written as (
            insert into orders
              (order_id, customer_id, restaurant_id, status, payment, amount_minor, items,
               created_on, reason, version, position, created_at, updated_at)
            select i.order_id, i.customer_id, i.restaurant_id, i.status, i.payment,
                   i.amount_minor::int8, i.items, i.created_on, i.reason, i.version::int8,
                   i.position::int8, i.created_at::timestamptz, i.updated_at::timestamptz
            from moved, unnest(
              ${text((r) => r.orderId)}::text[], ${text((r) => r.customerId)}::text[],
              ${text((r) => r.restaurantId)}::text[], ${text((r) => r.status)}::text[],
              ${text((r) => r.payment)}::text[], ${text((r) => r.amountMinor)}::text[],
              ${text((r) => r.items)}::text[], ${text((r) => r.createdOn)}::text[],
              ${rows.map((r) => r.reason)}::text[], ${text((r) => r.version)}::text[],
              ${text((r) => r.position)}::text[], ${text((r) => r.createdAt)}::text[],
              ${text((r) => r.updatedAt)}::text[]
            ) as i(order_id, customer_id, restaurant_id, status, payment, amount_minor, items,
                   created_on, reason, version, position, created_at, updated_at)
            on conflict (order_id) do update set
              customer_id = excluded.customer_id, restaurant_id = excluded.restaurant_id,
              status = excluded.status, payment = excluded.payment,
              amount_minor = excluded.amount_minor, items = excluded.items,
              created_on = excluded.created_on, reason = excluded.reason,
              version = excluded.version, position = excluded.position,
              created_at = excluded.created_at, updated_at = excluded.updated_at
            returning 1
          ), failed as (
            insert into projection_failures
              (name, position, event_id, event_type, order_id, reason)
            select moved.name, f.position::int8, f.event_id, f.event_type, f.order_id, f.reason
            from moved, unnest(
              ${failed((f) => f.position)}::text[], ${failed((f) => f.eventId)}::text[],
              ${failed((f) => f.eventType)}::text[], ${failed((f) => f.orderId)}::text[],
              ${failed((f) => f.reason)}::text[]
            ) as f(position, event_id, event_type, order_id, reason)
            on conflict (name, position) do nothing
            returning 1
          )
          select position from moved`,
      );
      return moved.length === 1;
    },
  };
}

/** As the `postgres` client gives it: int8 as text, timestamptz as Date. */
interface StoredRow {
  readonly orderId: string;
  readonly customerId: string;
  readonly restaurantId: string;
  readonly status: OrderStatus;
  readonly payment: PaymentStatus;
  readonly amountMinor: string;
  readonly items: string;
  readonly createdOn: string;
  readonly reason: string | null;
  readonly version: string;
  readonly position: string;
  readonly createdAt: Date;
  readonly updatedAt: Date;
}

function asOrderRow(row: StoredRow): OrderRow {
  return {
    ...row,
    amountMinor: BigInt(row.amountMinor),
    version: BigInt(row.version),
    position: BigInt(row.position),
    createdAt: row.createdAt.toISOString(),
    updatedAt: row.updatedAt.toISOString(),
  };
}
