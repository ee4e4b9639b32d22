/**
 * The read model as ordersvc reads it: the table `orders` of ordersdb, one row
 * an order, which querymodelworker alone writes (its migrations are there).
 */
import { READ_MODEL } from '../../shared/contracts/subjects.ts';
import { minor } from '../../shared/domain/money.ts';
import type { OrderItem, OrderStatus, PaymentStatus } from '../../shared/domain/order.ts';
import type { Context } from '../../shared/kit/context.ts';
import type { Database } from '../../shared/kit/database.ts';
import type { OrderListQuery, PageEnd } from './order-list.ts';
import type { OrderView } from './order-view.ts';

/** A page of orders, the newest first. */
export interface OrderPage {
  readonly orders: readonly OrderView[];
  /** Where the next page begins; undefined when there is no more. */
  readonly next: PageEnd | undefined;
  /** All of the log up to here is in the page, and perhaps more. */
  readonly position: bigint;
}

/** Orders as the projection last wrote them. Rejects with CodedError `unavailable` or `timeout` when it is away. */
export interface ReadModel {
  /** Undefined for an order that is not there (yet). */
  find(ctx: Context, orderId: string): Promise<OrderView | undefined>;
  list(ctx: Context, query: OrderListQuery): Promise<OrderPage>;
}

/** The read model in `database`, which the creator closes. */
export function sqlReadModel(database: Database): ReadModel {
  return {
    find: async (ctx, orderId) => {
      const [row] = await orderById(database, ctx, orderId);
      return row === undefined ? undefined : viewOfRow(row);
    },
    list: async (ctx, query) => {
      // The position first: rows read after it hold at least that much.
      const position = await projectedPosition(database, ctx);
      const page = await ordersOfCustomer(database, ctx, query);
      const last = page.at(-1);
      const more = Number(last?.found ?? 0) > page.length;
      return {
        orders: page.map(viewOfRow),
        next:
          last && more
            ? { createdMicros: BigInt(last.created_micros), orderId: last.order_id }
            : undefined,
        position,
      };
    },
  };
}

/** As the driver gives it: int8 as text. */
interface Row {
  readonly order_id: string;
  readonly customer_id: string;
  readonly restaurant_id: string;
  readonly status: string;
  readonly payment: string;
  readonly amount_minor: string;
  readonly items: string;
  readonly created_on: string;
  readonly reason: string | null;
  readonly version: string;
}

interface ListedRow extends Row {
  readonly created_micros: string;
  /** How many there are from the page's beginning on, up to one more than asked for. */
  readonly found: string;
}

function orderById(database: Database, ctx: Context, orderId: string) {
  return database.query<Row>(
    ctx,
    (sql) => sql<Row[]>`
      select order_id, customer_id, restaurant_id, status, payment, amount_minor,
             items, created_on, reason, version
      from orders
      where order_id = ${orderId}::text
        and status <> 'None'`,
  );
}

/**
 * Payload after which a page ends, in bytes: a hundred of the largest orders
 * would be 16 MB, held for each caller that reads slowly.
 */
const PAGE_BYTES = 1024 * 1024;

function ordersOfCustomer(
  database: Database,
  ctx: Context,
  { customerId, after, limit }: OrderListQuery,
) {
  return database.query<ListedRow>(ctx, (sql) => {
    const older =
      after === undefined
        ? sql``
        : sql`
            and (created_at, order_id) < (
              '1970-01-01 00:00:00+00'::timestamptz
                + ${String(after.createdMicros)}::int8 * interval '1 microsecond',
              ${after.orderId}::text)`;
    return sql<ListedRow[]>`
      with page as (
        select order_id, customer_id, restaurant_id, status, payment, amount_minor,
               items, created_on, reason, version, created_at
        from orders
        where customer_id = ${customerId}::text
          and status <> 'None'${older}
        order by created_at desc, order_id desc
        limit ${limit + 1}::int8
      ),
      sized as (
        select order_id, customer_id, restaurant_id, status, payment, amount_minor,
               items, created_on, reason, version, created_at, count(*) over () as found,
               sum(octet_length(items)) over (order by created_at desc, order_id desc)
                 - octet_length(items) as bytes_before
        from page
      )
      select order_id, customer_id, restaurant_id, status, payment, amount_minor,
             items, created_on, reason, version, found,
             (extract(epoch from created_at) * 1000000)::int8 as created_micros
      from sized
      where bytes_before < ${PAGE_BYTES}::int8
      order by created_at desc, order_id desc
      limit ${limit}::int8`;
  });
}

async function projectedPosition(database: Database, ctx: Context): Promise<bigint> {
  const [row] = await database.query<{ position: string }>(
    ctx,
    (sql) => sql<{ position: string }[]>`
      select position from projection_checkpoint where name = ${READ_MODEL}::text`,
  );
  return BigInt(row?.position ?? 0);
}

function viewOfRow(row: Row): OrderView {
  return {
    details: {
      orderId: row.order_id,
      customerId: row.customer_id,
      restaurantId: row.restaurant_id,
      amount: minor(Number(row.amount_minor)),
      items: JSON.parse(row.items) as OrderItem[],
      createdOn: row.created_on,
    },
    status: row.status as OrderStatus,
    payment: row.payment as PaymentStatus,
    reason: row.reason ?? undefined,
    version: BigInt(row.version),
  };
}
