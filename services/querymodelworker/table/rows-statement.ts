/** Parts of statements that read and write whole rows. */
import { READ_MODEL } from '../../../shared/contracts/subjects.ts';
import type { OrderStatus, PaymentStatus } from '../../../shared/domain/order.ts';
import type { Sql } from '../../../shared/kit/sql/connections.ts';
import type { Side } from './live-table.ts';
import type { OrderRow } from './order-row.ts';
import type { ProjectionFailure } from './projection-failure.ts';

/** A row as the `postgres` client returns it: int8 as text, timestamptz as Date. */
export interface StoredRow {
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

/** The columns of a StoredRow, from the table `o`. */
export const rowColumns = (sql: Sql) => sql`
  o.order_id as "orderId", o.customer_id as "customerId", o.restaurant_id as "restaurantId",
  o.status, o.payment, o.amount_minor as "amountMinor", o.items, o.created_on as "createdOn",
  o.reason, o.version, o.position, o.created_at as "createdAt", o.updated_at as "updatedAt"`;

export function asOrderRow(row: StoredRow): OrderRow {
  return {
    orderId: row.orderId,
    customerId: row.customerId,
    restaurantId: row.restaurantId,
    status: row.status,
    payment: row.payment,
    amountMinor: BigInt(row.amountMinor),
    items: row.items,
    createdOn: row.createdOn,
    reason: row.reason,
    version: BigInt(row.version),
    position: BigInt(row.position),
    createdAt: row.createdAt.toISOString(),
    updatedAt: row.updatedAt.toISOString(),
  };
}

/**
 * The CTEs `written` and `failed`, which write `rows` into the table of `side` and record
 * `failures`, both only if the CTE `moved` has a row.
 */
export function writing(
  sql: Sql,
  side: Side,
  rows: readonly OrderRow[],
  failures: readonly ProjectionFailure[],
) {
  const text = (column: (row: OrderRow) => string | bigint) => rows.map((r) => String(column(r)));
  const failed = (column: (f: ProjectionFailure) => string | bigint) =>
    failures.map((f) => String(column(f)));
  const into = side === READ_MODEL ? sql`insert into orders` : sql`insert into orders_b`;
  return sql`
    written as (
      ${into}
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
      insert into projection_failures (name, position, event_id, event_type, order_id, reason)
      select ${side}::text, f.position::int8, f.event_id, f.event_type, f.order_id, f.reason
      from moved, unnest(
        ${failed((f) => f.position)}::text[], ${failed((f) => f.eventId)}::text[],
        ${failed((f) => f.eventType)}::text[], ${failed((f) => f.orderId)}::text[],
        ${failed((f) => f.reason)}::text[]
      ) as f(position, event_id, event_type, order_id, reason)
      on conflict (name, position) do nothing
      returning 1
    )`;
}
