import { READ_MODEL, READ_MODEL_B } from '../../../shared/contracts/subjects.ts';
import type { Context } from '../../../shared/kit/context.ts';
import type { Database } from '../../../shared/kit/sql/database.ts';
import {
  asLiveTable,
  type LiveTable,
  liveTable,
  notPrepared,
  type StoredLive,
} from './live-table.ts';
import type { OrderRow } from './order-row.ts';
import type { ProjectionFailure } from './projection-failure.ts';
import type { Place } from './rebuild-table.ts';
import { asOrderRow, rowColumns, type StoredRow, writing } from './rows-statement.ts';

/** Rows of one table, from one snapshot. */
export interface FoundRows {
  /** The table that they are from. */
  readonly table: LiveTable;
  /** By order id. */
  readonly rows: ReadonlyMap<string, OrderRow>;
}

/** The result of folding a batch. */
export interface Change {
  /** The table whose rows it is based on. */
  readonly table: Pick<LiveTable, 'side' | 'retirements'>;
  /** The checkpoint it is based on. */
  readonly from: bigint;
  /** The checkpoint after it. */
  readonly to: bigint;
  /** Id of the event at `to`. */
  readonly eventId: string;
  /** Complete rows, at most one an order. */
  readonly rows: readonly OrderRow[];
  readonly failures: readonly ProjectionFailure[];
}

/** The read model's live table, as the projection uses it; a rebuild may change which table that is. */
export interface ReadModel {
  /** Position up to which the log is in the rows, and the id of the event there. */
  place(ctx: Context): Promise<Place>;
  /** Position up to which the log is in the rows. */
  checkpoint(ctx: Context): Promise<bigint>;
  /** The rows of these orders, if they exist. */
  rows(ctx: Context, orderIds: readonly string[]): Promise<FoundRows>;
  /** Ids of orders that have a row, in order after `after`, at most `limit`. */
  orderIds(ctx: Context, after: string, limit: number): Promise<readonly string[]>;
  /**
   * Writes rows, failures and checkpoint, all or none, if `change.table` is live and its
   * checkpoint is still `change.from`. False: it was not, or this repeats a write that
   * succeeded unnoticed; either way, continue from the checkpoint.
   */
  write(ctx: Context, change: Change): Promise<boolean>;
}

/** The read model in the tables of migrations/, which this service owns. */
export function sqlReadModel(database: Database): ReadModel {
  const readModel: ReadModel = {
    checkpoint: async (ctx) => (await readModel.place(ctx)).position,

    async place(ctx) {
      const [row] = await database.query<{ position: string; event_id: string }>(
        ctx,
        (sql) => sql`
          with ${liveTable(sql)}
          select c.position,
                 case when c.event_position = c.position then c.event_id else '' end as event_id
          from live join projection_checkpoint c on c.name = live.side`,
      );
      if (row === undefined) throw notPrepared();
      return { position: BigInt(row.position), eventId: row.event_id };
    },

    // One statement, so that the rows are from the table that is live in its snapshot.
    async rows(ctx, orderIds) {
      const ids = orderIds as string[];
      type Found = StoredLive & { readonly found: StoredRow['orderId'] | null };
      const found = await database.query<Found & Omit<StoredRow, 'position'> & { at: string }>(
        ctx,
        (sql) => sql`
          with ${liveTable(sql)}, stored as (
            select ${rowColumns(sql)} from orders o
            where (select side from live) = ${READ_MODEL}::text
              and o.order_id = any(${ids}::text[])
            union all
            select ${rowColumns(sql)} from orders_b o
            where (select side from live) = ${READ_MODEL_B}::text
              and o.order_id = any(${ids}::text[])
          )
          select live.side, live.retirements, live.position, stored."orderId" as found,
                 stored."orderId", stored."customerId", stored."restaurantId", stored.status, stored.payment,
                 stored."amountMinor", stored.items, stored."createdOn", stored.reason, stored.version,
                 stored.position as at, stored."createdAt", stored."updatedAt"
          from live left join stored on true`,
      );
      const [first] = found;
      if (first === undefined) throw notPrepared();
      const rows = found.filter((row) => row.found !== null);
      return {
        table: asLiveTable(first),
        rows: new Map(rows.map((row) => [row.orderId, asOrderRow({ ...row, position: row.at })])),
      };
    },

    async orderIds(ctx, after, limit) {
      const ids = await database.query<{ id: string }>(
        ctx,
        (sql) => sql`
          with ${liveTable(sql)}, ids as (
            (select order_id as id from orders
             where (select side from live) = ${READ_MODEL}::text and order_id > ${after}::text
             order by order_id limit ${limit}::int8)
            union all
            (select order_id as id from orders_b
             where (select side from live) = ${READ_MODEL_B}::text and order_id > ${after}::text
             order by order_id limit ${limit}::int8)
          )
          select id from ids order by id`,
      );
      return ids.map(({ id }) => id);
    },

    async write(ctx, { table, from, to, eventId, rows, failures }) {
      // One statement: rows are written only if `moved` has a row, that is, if the
      // checkpoint moved, so its result is a reliable answer.
      const moved = await database.query<{ position: string }>(
        ctx,
        (sql) => sql`
          with moved as (
            update projection_checkpoint
            set position = ${String(to)}::int8, event_position = ${String(to)}::int8,
                event_id = ${eventId}::text
            where name = ${table.side}::text and position = ${String(from)}::int8
              and retirements = ${String(table.retirements)}::int8
            returning position
          ), ${writing(sql, table.side, rows, failures)}
          select position from moved`,
      );
      return moved.length === 1;
    },
  };
  return readModel;
}
