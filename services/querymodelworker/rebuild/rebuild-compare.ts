/**
 * Compares the filled table with the live one. Where they differ the log decides.
 * Errors in the live table are what the rebuild fixes, and are reported; an error in
 * the filled table prevents the switch.
 */
import type { OrderEventCodec } from '../../../shared/contracts/events.ts';
import { orderAggregate } from '../../../shared/contracts/subjects.ts';
import type { EventStore } from '../../../shared/eventstore/event-store.ts';
import type { Context } from '../../../shared/kit/context.ts';
import { CodedError } from '../../../shared/kit/errors.ts';
import type { Database } from '../../../shared/kit/sql/database.ts';
import { foldBatch } from '../table/batch.ts';
import { otherSide, type Side, tableOf } from '../table/live-table.ts';
import { comparedColumns, type OrderRow } from '../table/order-row.ts';
import { checkpoints, rowsOf } from '../table/rebuild-table.ts';

/** What was wrong in the live table before the switch. */
export interface Comparison {
  /** Orders compared. */
  readonly compared: number;
  /** Orders that the live table lacked. */
  readonly missing: number;
  /** Rows in the live table whose order is not in the log. */
  readonly unfounded: number;
  /** Rows in the live table that differ from the log. */
  readonly different: number;
  /** Differences that were too many to check one by one. */
  readonly notJudged: number;
  /** The first differences, for people. */
  readonly listed: readonly string[];
}

export interface CompareOptions {
  readonly log: Pick<EventStore, 'readAggregate'>;
  readonly database: Database;
  readonly codec: OrderEventCodec;
  /** The filled table and its position. Nobody writes it meanwhile. */
  readonly filled: { readonly side: Side; readonly position: bigint };
  readonly onProgress?: (compared: number) => void;
}

const PAGE = 5_000;
/** Most differences checked against the log, with one read each. */
const JUDGED = 2_000;
/** Most differences checked among those where one table is merely ahead. */
const SAMPLED = 100;
const LISTED = 20;

/** An order whose rows differ; a position for each table that has a row. */
interface Difference {
  readonly orderId: string;
  readonly orders: bigint | undefined;
  readonly orders_b: bigint | undefined;
}

/** Whether one table has an event that the other has not reached yet. */
function isUnderWay(
  difference: Difference,
  filled: CompareOptions['filled'],
  livePosition: bigint,
): boolean {
  const made = difference[tableOf(filled.side)];
  const live = difference[tableOf(otherSide(filled.side))];
  if (live === made) return false;
  return live === undefined || (made !== undefined && made > live)
    ? (made ?? 0n) > livePosition
    : live > filled.position;
}

/** Rejects with `rebuild_differs` if the filled table is not what the log folds to. */
export async function compareTables(ctx: Context, options: CompareOptions): Promise<Comparison> {
  const { database, filled, onProgress = () => undefined } = options;
  const sums = { compared: 0, missing: 0, unfounded: 0, different: 0, notJudged: 0 };
  const listed: string[] = [];
  let underWay = 0;
  let others = 0;
  for (let after: string | undefined = ''; after !== undefined; ) {
    // Read before the page: the live table's rows must contain everything up to here.
    const livePosition =
      (await checkpoints(database, ctx)).get(otherSide(filled.side))?.position ?? 0n;
    const page = await differencesAfter(database, ctx, after);
    after = page.last ?? undefined;
    sums.compared += Number(page.compared);
    for (const difference of page.differences) {
      const { orderId } = difference;
      if (isUnderWay(difference, filled, livePosition)) {
        if (underWay++ >= SAMPLED) continue;
      } else if (others++ >= JUDGED) {
        sums.notJudged++;
        continue;
      }
      const judged = await judge(ctx, options, orderId, livePosition);
      if (judged === undefined) continue;
      sums[judged.kind]++;
      if (listed.length < LISTED) listed.push(`order ${orderId} ${judged.message}`);
    }
    onProgress(sums.compared);
  }
  return { ...sums, listed };
}

/** The orders after `after` whose rows differ between the tables. */
async function differencesAfter(database: Database, ctx: Context, after: string) {
  const [page] = await database.query<{
    last: string | null;
    compared: string;
    differences: string | null;
  }>(
    ctx,
    (sql) => sql`
      with ids as (
        select order_id from (
          (select order_id from orders where order_id > ${after}::text
           order by order_id limit ${PAGE}::int8)
          union
          (select order_id from orders_b where order_id > ${after}::text
           order by order_id limit ${PAGE}::int8)
        ) as both_tables
        order by order_id limit ${PAGE}::int8
      )
      select max(i.order_id) as last, count(*) as compared,
             string_agg(case when a.order_id is not null and b.order_id is not null
                          and a.customer_id = b.customer_id and a.restaurant_id = b.restaurant_id
                          and a.status = b.status and a.payment = b.payment
                          and a.amount_minor = b.amount_minor and a.items = b.items
                          and a.created_on = b.created_on
                          and a.reason is not distinct from b.reason
                          and a.version = b.version and a.position = b.position
                          and a.created_at = b.created_at and a.updated_at = b.updated_at
                        then null
                        else i.order_id || chr(30) || coalesce(a.position::text, '') || chr(30)
                          || coalesce(b.position::text, '') end, chr(31)) as differences
      from ids i
      left join orders a on a.order_id = i.order_id
      left join orders_b b on b.order_id = i.order_id`,
  );
  return {
    last: page?.last,
    compared: page?.compared ?? '0',
    differences: (page?.differences?.split('\x1f') ?? []).map((text): Difference => {
      const [orderId = '', orders, ordersB] = text.split('\x1e');
      return {
        orderId,
        orders: orders ? BigInt(orders) : undefined,
        orders_b: ordersB ? BigInt(ordersB) : undefined,
      };
    }),
  };
}

type Judged = { readonly kind: 'missing' | 'unfounded' | 'different'; readonly message: string };

/** Undefined if the live table is right, or merely ahead of or behind the filled one. */
async function judge(
  ctx: Context,
  { log, database, codec, filled }: CompareOptions,
  orderId: string,
  livePosition: bigint,
): Promise<Judged | undefined> {
  const live = (await rowsOf(database, ctx, otherSide(filled.side), [orderId])).get(orderId);
  const made = (await rowsOf(database, ctx, filled.side, [orderId])).get(orderId);
  const events = await log.readAggregate(ctx, orderAggregate(orderId));
  const foldedAt = (last: bigint): OrderRow | undefined =>
    foldBatch(
      codec,
      new Map(),
      events.filter(({ position }) => position <= last),
    ).changed.get(orderId);
  const wanted = foldedAt(filled.position);
  if (!same(made, wanted)) {
    throw new CodedError(
      'internal',
      'rebuild_differs',
      `The live table stays: the rebuilt row of order ${orderId} differs from what the log folds to.`,
    );
  }
  if (live === undefined) {
    const due = foldedAt(livePosition);
    if (due === undefined) return undefined;
    return { kind: 'missing', message: `had no row, the log has version ${due.version}` };
  }
  const right = foldedAt(live.position);
  // A row may be newer than its checkpoint, never older.
  const due = foldedAt(livePosition);
  if (right === undefined) {
    return { kind: 'unfounded', message: 'had a row, and the log has no such order' };
  }
  if (!same(live, right)) return { kind: 'different', message: `had ${differing(live, right)}` };
  if (due !== undefined && due.version > live.version) {
    const message = `stood at version ${live.version}, the log has version ${due.version}`;
    return { kind: 'different', message };
  }
  return undefined;
}

const same = (one: OrderRow | undefined, other: OrderRow | undefined): boolean =>
  one === undefined || other === undefined
    ? one === other
    : comparedColumns.every((column) => one[column] === other[column]);

const differing = (live: OrderRow, right: OrderRow): string =>
  comparedColumns
    .filter((column) => live[column] !== right[column])
    .map((column) =>
      column === 'items' || column === 'reason'
        ? `another ${column}`
        : `the ${column} ${live[column]} instead of ${right[column]}`,
    )
    .join(', ');
