/**
 * Which of the two tables is the read model. Each has its own checkpoint, and the one
 * whose checkpoint was retired less often is live. A table is retired by an update of
 * its checkpoint, the row that its projection moves, so one statement switches the
 * tables and no write slips in between.
 */
import { READ_MODEL, READ_MODEL_B } from '../../../shared/contracts/subjects.ts';
import type { Context } from '../../../shared/kit/context.ts';
import { CodedError } from '../../../shared/kit/errors.ts';
import type { Sql } from '../../../shared/kit/sql/connections.ts';
import type { Database } from '../../../shared/kit/sql/database.ts';

/** One of the read model's two tables, by the name of its checkpoint. */
export type Side = typeof READ_MODEL | typeof READ_MODEL_B;

export const otherSide = (side: Side): Side => (side === READ_MODEL ? READ_MODEL_B : READ_MODEL);

export const tableOf = (side: Side) => (side === READ_MODEL ? 'orders' : 'orders_b');

/** The live table, how often it was retired, and how far it is. */
export interface LiveTable {
  readonly side: Side;
  /** How often it was retired before. A write is valid only while this stays the same. */
  readonly retirements: bigint;
  /** Position up to which the log is in it. */
  readonly position: bigint;
}

/** `live`: one row, or none if a checkpoint is missing, since then nobody can tell which is live. */
export const liveTable = (sql: Sql) => sql`
  live as materialized (
    select case when a.retirements <= b.retirements then a.name else b.name end as side,
           case when a.retirements <= b.retirements then a.retirements else b.retirements end
             as retirements,
           case when a.retirements <= b.retirements then a.position else b.position end as position
    from projection_checkpoint a, projection_checkpoint b
    where a.name = ${READ_MODEL}::text and b.name = ${READ_MODEL_B}::text
  )`;

/** A row of `live`, as the driver returns it. */
export interface StoredLive {
  readonly side: Side;
  readonly retirements: string;
  readonly position: string;
}

/** Undefined if a checkpoint is missing. */
export async function findLiveTable(
  database: Database,
  ctx: Context,
): Promise<LiveTable | undefined> {
  const [row] = await database.query<StoredLive>(
    ctx,
    (sql) => sql<StoredLive[]>`
      with ${liveTable(sql)} select side, retirements, position from live`,
  );
  return row === undefined ? undefined : asLiveTable(row);
}

export const asLiveTable = ({ side, retirements, position }: StoredLive): LiveTable => ({
  side,
  retirements: BigInt(retirements),
  position: BigInt(position),
});

export const notPrepared = () =>
  new CodedError(
    'unavailable',
    'read_model_not_prepared',
    'The read model lacks a checkpoint. Run the bootstrapper; if the checkpoint was deleted, run: npx ordersctl read-model rebuild',
  );
