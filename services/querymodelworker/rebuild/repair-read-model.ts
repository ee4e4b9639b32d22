/**
 * Repairs single rows and failure records of the read model from the log, while the
 * projection runs. It reads the row before the log and replaces only that row: if the
 * projection has written a newer one since, it checks again.
 */
import type { OrderEventCodec } from '../../../shared/contracts/events.ts';
import { orderAggregate, READ_MODEL } from '../../../shared/contracts/subjects.ts';
import type { EventStore, RecordedEvent } from '../../../shared/eventstore/event-store.ts';
import { eventAt } from '../../../shared/eventstore/stored-message.ts';
import type { Context } from '../../../shared/kit/context.ts';
import { CodedError } from '../../../shared/kit/errors.ts';
import type { Database } from '../../../shared/kit/sql/database.ts';
import { foldBatch } from '../table/batch.ts';
import { findLiveTable, type LiveTable, liveTable, notPrepared } from '../table/live-table.ts';
import type { OrderRow } from '../table/order-row.ts';
import { sqlReadModel } from '../table/read-model.ts';

/** The outcome; `right`: there was nothing to do. */
export type RowRepaired = 'written' | 'removed' | 'right';

/** All methods may be repeated. */
export interface ReadModelRepair {
  /**
   * Makes the order's row what the log folds to, or removes it if the log does not have
   * the order. Rejects with `conflict` if the order kept moving.
   */
  row(ctx: Context, orderId: string): Promise<RowRepaired>;
  /** Makes an unreadable event's failure record match the log; removes it if the event can be read. */
  failure(ctx: Context, position: bigint): Promise<void>;
  /**
   * Sets the checkpoint to `position`, which must be in the rows already, if it is ahead
   * of the log's end at `head`. False: it is not ahead.
   */
  checkpoint(ctx: Context, position: bigint, head: bigint): Promise<boolean>;
}

/** Most checks of a row before its order counts as moving all the time. */
const ATTEMPTS = 8;

export function readModelRepair(
  database: Database,
  log: Pick<EventStore, 'read' | 'readAggregate'>,
  codec: OrderEventCodec,
): ReadModelRepair {
  const model = sqlReadModel(database);

  const folded = (orderId: string, events: readonly RecordedEvent[]): OrderRow | undefined =>
    foldBatch(codec, new Map(), events).changed.get(orderId);

  async function attempt(ctx: Context, orderId: string): Promise<RowRepaired | undefined> {
    const { table, rows } = await model.rows(ctx, [orderId]);
    const seen = rows.get(orderId);
    const wanted = folded(orderId, await log.readAggregate(ctx, orderAggregate(orderId)));
    if (wanted === undefined) {
      if (seen === undefined) return 'right';
      return (await remove(ctx, table, seen)) ? 'removed' : undefined;
    }
    if (isSame(seen, wanted)) return 'right';
    return (await write(ctx, table, wanted, seen)) ? 'written' : undefined;
  }

  /** Writes only while its table is live: after a rebuild's switch, the new table is checked. */
  async function write(
    ctx: Context,
    { side, retirements }: LiveTable,
    row: OrderRow,
    over: OrderRow | undefined,
  ): Promise<boolean> {
    const written = await database.query<{ written: number }>(ctx, (sql) => {
      const into =
        side === READ_MODEL ? sql`insert into orders as o` : sql`insert into orders_b as o`;
      return sql<{ written: number }[]>`
        with ${liveTable(sql)}
        ${into}
          (order_id, customer_id, restaurant_id, status, payment, amount_minor, items,
           created_on, reason, version, position, created_at, updated_at)
        select
           ${row.orderId}::text, ${row.customerId}::text, ${row.restaurantId}::text,
           ${row.status}::text, ${row.payment}::text, ${String(row.amountMinor)}::int8,
           ${row.items}::text, ${row.createdOn}::text, ${row.reason}::text,
           ${String(row.version)}::int8, ${String(row.position)}::int8,
           ${row.createdAt}::timestamptz, ${row.updatedAt}::timestamptz
        from live
        where live.side = ${side}::text and live.retirements = ${String(retirements)}::int8
        on conflict (order_id) do update set
          customer_id = excluded.customer_id, restaurant_id = excluded.restaurant_id,
          status = excluded.status, payment = excluded.payment,
          amount_minor = excluded.amount_minor, items = excluded.items,
          created_on = excluded.created_on, reason = excluded.reason,
          version = excluded.version, position = excluded.position,
          created_at = excluded.created_at, updated_at = excluded.updated_at
        where o.version = ${String(over?.version ?? -1n)}::int8
          and o.position = ${String(over?.position ?? -1n)}::int8
        returning 1 as written`;
    });
    return written.length === 1;
  }

  async function remove(
    ctx: Context,
    { side }: LiveTable,
    { orderId, version, position }: OrderRow,
  ): Promise<boolean> {
    const removed = await database.query<{ removed: number }>(ctx, (sql) => {
      const from = side === READ_MODEL ? sql`delete from orders` : sql`delete from orders_b`;
      return sql<{ removed: number }[]>`
        ${from}
        where order_id = ${orderId}::text and version = ${String(version)}::int8
          and position = ${String(position)}::int8
        returning 1 as removed`;
    });
    return removed.length === 1;
  }

  return {
    async row(ctx, orderId) {
      for (let n = 1; n <= ATTEMPTS; n++) {
        const outcome = await attempt(ctx, orderId);
        if (outcome !== undefined) return outcome;
      }
      throw new CodedError(
        'conflict',
        'order_moving',
        `The row of order ${orderId} kept changing and could not be repaired.`,
      );
    },

    async failure(ctx, position) {
      const event = await eventAt(ctx, log, position);
      const [failure] = event === undefined ? [] : foldBatch(codec, new Map(), [event]).failures;
      const { side } = await live(ctx);
      await database.query(
        ctx,
        (sql) => sql`
          delete from projection_failures
          where name = ${side}::text and position = ${String(position)}::int8`,
      );
      if (failure === undefined) return;
      await database.query(
        ctx,
        (sql) => sql`
          insert into projection_failures
            (name, position, event_id, event_type, order_id, reason)
          values
            (${side}::text, ${String(position)}::int8, ${failure.eventId}::text,
             ${failure.eventType}::text, ${failure.orderId}::text, ${failure.reason}::text)
          on conflict (name, position) do nothing`,
      );
    },

    async checkpoint(ctx, position, head) {
      const { side, retirements } = await live(ctx);
      const set = await database.query(
        ctx,
        (sql) => sql`
          update projection_checkpoint set position = ${String(position)}::int8
          where name = ${side}::text and retirements = ${String(retirements)}::int8
            and position > ${String(head)}::int8
          returning 1 as set`,
      );
      return set.length === 1;
    },
  };

  async function live(ctx: Context): Promise<LiveTable> {
    const table = await findLiveTable(database, ctx);
    if (table === undefined) throw notPrepared();
    return table;
  }
}

const isSame = (row: OrderRow | undefined, wanted: OrderRow): boolean =>
  row !== undefined &&
  (Object.keys(wanted) as (keyof OrderRow)[]).every((column) => row[column] === wanted[column]);
