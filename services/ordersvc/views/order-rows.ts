/**
 * The read model as ordersvc reads it: the table `orders` of ordersdb or its twin
 * `orders_b`, with one row per order. Only querymodelworker writes it, and has its
 * migrations. A rebuild changes which of the two is live. Each statement checks that
 * itself, so readers see one or the other and never a mix.
 */
import { orderStatuses } from '../../../shared/contracts/http.ts';
import { READ_MODEL, READ_MODEL_B } from '../../../shared/contracts/subjects.ts';
import type { OrderItem, OrderStatus, PaymentStatus } from '../../../shared/domain/order.ts';
import type { Context } from '../../../shared/kit/context.ts';
import { CodedError } from '../../../shared/kit/errors.ts';
import type { Sql } from '../../../shared/kit/sql/connections.ts';
import type { Database, Statement } from '../../../shared/kit/sql/database.ts';
import { minor } from '../../../shared/money/money.ts';
import type { Backlogs } from './backlog.ts';
import type { OrderListQuery, PageEnd } from './order-list.ts';
import type { OrderView } from './order-view.ts';

/** A page of orders, the newest first. */
export interface OrderPage {
  readonly orders: readonly OrderView[];
  /** Where the next page begins; undefined when there is no more. */
  readonly next: PageEnd | undefined;
  /** The page has everything in the log up to here, and perhaps more. */
  readonly position: bigint;
}

/** Orders as the projection last wrote them. Rejects with CodedError `unavailable` or `timeout` when the database is away. */
export interface ReadModel {
  /** Undefined for an order without a row (yet). */
  find(ctx: Context, orderId: string): Promise<OrderView | undefined>;
  list(ctx: Context, query: OrderListQuery): Promise<OrderPage>;
}

/** How far an order is, as the projection last wrote it. */
export interface OrderStage {
  readonly orderId: string;
  readonly status: OrderStatus;
  /** Of its last event in the log. */
  readonly position: bigint;
}

/** How far orders are. Rejects as ReadModel does. */
export interface OrderStages {
  /** Those of `orderIds` that have a row, in any order. */
  stages(ctx: Context, orderIds: readonly string[]): Promise<readonly OrderStage[]>;
}

/** How long orders wait before they are overdue, in milliseconds: each for its payment, then for its review. */
export interface Patience {
  readonly paymentMs: number;
  readonly reviewMs: number;
}

/** As the coordinator's defaults. */
const usualPatience: Patience = { paymentMs: 60_000, reviewMs: 60_000 };

/** The read model in `database`; the creator closes the database. */
export function sqlReadModel(
  database: Database,
  patience: Patience = usualPatience,
): ReadModel & OrderStages & Backlogs {
  /** The live table as of the last answer. If a rebuild changed it, the next answer says so. */
  let believed: Side = READ_MODEL;

  /** Queries the live table. A rebuild changes it once, so two tries are enough; the third is for safety. */
  async function ask<R extends { readonly side: Side }>(
    ctx: Context,
    question: (sql: Sql, side: Side) => ReturnType<Statement<R>>,
  ): Promise<readonly [R, ...R[]]> {
    for (let attempt = 1; ; attempt++) {
      const side = believed;
      const [first, ...rest] = await database.query<R>(ctx, (sql) => question(sql, side));
      // An empty page would claim that the customer has no orders.
      if (first === undefined) throw notThere();
      if (first.side === side) return [first, ...rest];
      if (attempt === ATTEMPTS) throw notThere();
      believed = first.side;
    }
  }

  return {
    find: async (ctx, orderId) => {
      const [row] = await ask(ctx, (sql, side) => orderById(sql, side, orderId));
      return isRow(row) ? viewOfRow(row) : undefined;
    },
    list: async (ctx, query) => {
      const found = await ask(ctx, (sql, side) => ordersListed(sql, side, query, patience));
      const page = found.filter(isRow);
      const last = page.at(-1);
      const more = Number(last?.found ?? 0) > page.length;
      return {
        orders: page.map((row) => ({ ...viewOfRow(row), changedAt: row.updated_at })),
        next:
          last && more
            ? { createdMicros: BigInt(last.created_micros), orderId: last.order_id }
            : undefined,
        // From the same snapshot as the rows.
        position: BigInt(found[0].position),
      };
    },
    backlog: async (ctx) => {
      const found = await ask(ctx, (sql, side) => backlogOf(sql, side, patience));
      const [{ position, at }] = found;
      const waiting = found.flatMap(({ status, orders, overdue }) =>
        status === null ? [] : [{ status, orders: Number(orders), overdue: Number(overdue) }],
      );
      return { waiting, position: BigInt(position), at };
    },
    stages: async (ctx, orderIds) => {
      const found = await ask(ctx, (sql, side) => stagesOf(sql, side, orderIds));
      return found.filter(isRow).map(({ order_id, status, position }) => ({
        orderId: order_id,
        status: status as OrderStatus,
        position: BigInt(position),
      }));
    },
  };
}

const ATTEMPTS = 3;

const notThere = () =>
  new CodedError(
    'unavailable',
    'read_model_not_prepared',
    'The read model does not exist yet, or must be rebuilt.',
  );

/** One of the read model's two tables, by the name of its checkpoint. */
type Side = typeof READ_MODEL | typeof READ_MODEL_B;

/** Columns beside each row; alone if there is no row. */
interface Beside {
  /** The table that is live. */
  readonly side: Side;
}

const isRow = <R extends { readonly order_id: string }>(
  row: Beside & (R | { readonly order_id: null }),
): row is Beside & R => row.order_id !== null;

/** As the driver returns it: int8 as text. */
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
  readonly updated_at: Date;
  /** Number of orders from the start of the page on, counted to one more than asked for. */
  readonly found: string;
}

/**
 * The live table: the one whose checkpoint was retired less often, `orders` on a tie.
 * No row if a checkpoint is missing, since then nobody can tell.
 */
const liveTable = (sql: Sql) => sql`
  (select case when a.retirements <= b.retirements then a.name else b.name end as side,
          case when a.retirements <= b.retirements then a.position else b.position end as position
   from projection_checkpoint a, projection_checkpoint b
   where a.name = ${READ_MODEL}::text and b.name = ${READ_MODEL_B}::text)`;

const tableOf = (sql: Sql, side: Side) => (side === READ_MODEL ? sql`orders` : sql`orders_b`);

// Returns the row if this table is live, and otherwise says that the other one is.
// Querying both tables at once took twice as long.
function orderById(sql: Sql, side: Side, orderId: string) {
  return sql<(Beside & (Row | { order_id: null }))[]>`
    select live.side, o.order_id, o.customer_id, o.restaurant_id, o.status, o.payment,
           o.amount_minor, o.items, o.created_on, o.reason, o.version
    from ${liveTable(sql)} as live
    left join ${tableOf(sql, side)} o
      on live.side = ${side}::text and o.order_id = ${orderId}::text and o.status <> 'None'`;
}

interface BacklogRow extends Beside {
  readonly position: string;
  readonly at: Date;
  readonly status: string | null;
  readonly orders: string;
  readonly overdue: string;
}

/** The backlog gives each wait this much more, in milliseconds: in a busy moment the end of some is always under way. */
const MARGIN_MS = 5_000;

// The open orders are found by the index on the status.
function backlogOf(sql: Sql, side: Side, { paymentMs, reviewMs }: Patience) {
  const patience = { paymentMs: paymentMs + MARGIN_MS, reviewMs: reviewMs + MARGIN_MS };
  return sql<BacklogRow[]>`
    select live.side, live.position, now() as at, o.status, count(*)::int8 as orders,
           (count(*) filter (
             where ${lateOnes(sql, patience)}
           ))::int8 as overdue
    from ${liveTable(sql)} as live
    left join ${tableOf(sql, side)} o
      on live.side = ${side}::text and o.status = any('{Pending,Paid}'::text[])
    group by live.side, live.position, o.status`;
}

interface StageRow {
  readonly order_id: string;
  readonly status: string;
  readonly position: string;
}

function stagesOf(sql: Sql, side: Side, orderIds: readonly string[]) {
  return sql<(Beside & (StageRow | { order_id: null }))[]>`
    select live.side, o.order_id, o.status, o.position
    from ${liveTable(sql)} as live
    left join ${tableOf(sql, side)} o
      on live.side = ${side}::text and o.order_id = any(${[...orderIds]}::text[])`;
}

/**
 * Payload after which a page ends, in bytes: a hundred of the largest orders would be
 * 16 MB, held for each caller that reads slowly.
 */
const PAGE_BYTES = 1024 * 1024;

/** An order is overdue. */
const lateOnes = (sql: Sql, { paymentMs, reviewMs }: Patience) => sql`
            (status = 'Pending'
              and created_at <= now() - ${paymentMs}::int8 * interval '1 millisecond')
            or (status = 'Paid'
              and updated_at <= now() - ${reviewMs}::int8 * interval '1 millisecond')`;

/** Conditions on the orders of a page, beside the one that its index begins with. */
function narrowed(sql: Sql, query: OrderListQuery, patience: Patience) {
  const { olderThan, minAmount, maxAmount, overdue, after } = query;
  const older =
    olderThan === undefined
      ? sql``
      : sql`
          and created_at <= now() - ${olderThan}::int8 * interval '1 second'`;
  const further =
    after === undefined
      ? sql``
      : sql`
          and (created_at, order_id) < (
            '1970-01-01 00:00:00+00'::timestamptz
              + ${String(after.createdMicros)}::int8 * interval '1 microsecond',
            ${after.orderId}::text)`;
  const least =
    minAmount === undefined
      ? sql``
      : sql`
          and amount_minor >= ${String(minAmount)}::int8`;
  const most =
    maxAmount === undefined
      ? sql``
      : sql`
          and amount_minor <= ${String(maxAmount)}::int8`;
  // Nothing changed before it was created, so the index on created_at finds all of them.
  const late =
    overdue === undefined
      ? sql``
      : sql`
          and created_at <= now() - ${Math.min(patience.paymentMs, patience.reviewMs)}::int8 * interval '1 millisecond'
          and (${lateOnes(sql, patience)})`;
  return sql`${older}${least}${most}${late}${further}`;
}

/** The statuses that the orders of `query` can have; undefined: any. */
function statusesOf({ status, open, overdue }: OrderListQuery): readonly string[] | undefined {
  const unended = open || overdue ? openStatuses : undefined;
  if (status === undefined) return unended;
  return unended === undefined || unended.includes(status) ? [status] : [];
}

const openStatuses: readonly string[] = ['Pending', 'Paid'] satisfies OrderStatus[];

/** The first `limit` + 1 orders of a customer, by orders_by_customer: no customer has so many that filtering takes long. */
function pageOfCustomer(
  sql: Sql,
  side: Side,
  query: OrderListQuery,
  customerId: string,
  patience: Patience,
) {
  const { pseudonym, restaurantId, limit } = query;
  const statuses = statusesOf(query);
  // With one name the index gives the page as it is; with two, the rows are sorted.
  const theirs =
    pseudonym === undefined
      ? sql`customer_id = ${customerId}::text`
      : sql`customer_id = any(${[pseudonym, customerId]}::text[])`;
  return sql`
      select order_id, customer_id, restaurant_id, status, payment, amount_minor,
             items, created_on, reason, version, created_at, updated_at
      from ${tableOf(sql, side)}
      where ${theirs}
        and status <> 'None'
        ${restaurantId === undefined ? sql`` : sql`and restaurant_id = ${restaurantId}::text`}
        ${statuses === undefined ? sql`` : sql`and status = any(${[...statuses]}::text[])`}${narrowed(sql, query, patience)}
      order by created_at desc, order_id desc
      limit ${limit + 1}::int8`;
}

/**
 * The same for a restaurant or for everybody: as many orders of each requested status,
 * by orders_by_restaurant or orders_by_status, and of these the newest. So one waiting
 * order is found at once among a million finished ones.
 */
function pageByStatus(sql: Sql, side: Side, query: OrderListQuery, patience: Patience) {
  const { restaurantId, limit } = query;
  const statuses = statusesOf(query) ?? orderStatuses;
  return sql`
      select o.order_id, o.customer_id, o.restaurant_id, o.status, o.payment, o.amount_minor,
             o.items, o.created_on, o.reason, o.version, o.created_at, o.updated_at
      from unnest(${[...statuses]}::text[]) as asked (status)
      cross join lateral (
        select order_id, customer_id, restaurant_id, status, payment, amount_minor,
               items, created_on, reason, version, created_at, updated_at
        from ${tableOf(sql, side)}
        where status = asked.status
          ${restaurantId === undefined ? sql`` : sql`and restaurant_id = ${restaurantId}::text`}${narrowed(sql, query, patience)}
        order by created_at desc, order_id desc
        limit ${limit + 1}::int8
      ) as o
      order by o.created_at desc, o.order_id desc
      limit ${limit + 1}::int8`;
}

function ordersListed(sql: Sql, side: Side, query: OrderListQuery, patience: Patience) {
  const { customerId, limit } = query;
  const page =
    customerId === undefined
      ? pageByStatus(sql, side, query, patience)
      : pageOfCustomer(sql, side, query, customerId, patience);
  return sql<(Beside & { position: string } & (ListedRow | { order_id: null }))[]>`
    with page as (${page}
    ),
    sized as (
      select order_id, customer_id, restaurant_id, status, payment, amount_minor,
             items, created_on, reason, version, created_at, updated_at,
             count(*) over () as found,
             sum(octet_length(items)) over (order by created_at desc, order_id desc)
               - octet_length(items) as bytes_before
      from page
    ),
    listed as (
      select order_id, customer_id, restaurant_id, status, payment, amount_minor,
             items, created_on, reason, version, found, created_at, updated_at
      from sized
      where bytes_before < ${PAGE_BYTES}::int8
      order by created_at desc, order_id desc
      limit ${limit}::int8
    )
    select live.side, live.position, l.order_id, l.customer_id, l.restaurant_id, l.status,
           l.payment, l.amount_minor, l.items, l.created_on, l.reason, l.version, l.found,
           l.updated_at,
           (extract(epoch from l.created_at) * 1000000)::int8 as created_micros
    from ${liveTable(sql)} as live
    left join listed l on live.side = ${side}::text
    order by l.created_at desc, l.order_id desc`;
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
