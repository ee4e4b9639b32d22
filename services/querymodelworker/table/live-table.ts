/**
 * Which of the two tables is the read model. Each has a checkpoint of its own, and
 * of the two checkpoints the one that stood down less often is live. A table
 * stands down by an update of its own checkpoint, the row that its projection
 * moves, so one statement changes places and no write slips in between.
 */
import { READ_MODEL, READ_MODEL_B } from '../../../shared/contracts/subjects.ts';
import type { Context } from '../../../shared/kit/context.ts';
import { CodedError } from '../../../shared/kit/errors.ts';
import type { Sql } from '../../../shared/kit/sql/connections.ts';
import type { Database } from '../../../shared/kit/sql/database.ts';

/** A table of the read model, by the name of its checkpoint. */
export type Side = typeof READ_MODEL | typeof READ_MODEL_B;

export const otherSide = (side: Side): Side => (side === READ_MODEL ? READ_MODEL_B : READ_MODEL);

export const tableOf = (side: Side) => (side === READ_MODEL ? 'orders' : 'orders_b');

/** Which table is live, since when and how far it is. */
export interface LiveTable {
  readonly side: Side;
  /** How often it stood down before. A write holds only while this is so. */
  readonly retirements: bigint;
  /** How much of the log is in it. */
  readonly position: bigint;
}

/** `live`: one row, or none where a checkpoint is missing, for then nobody can tell which is live. */
export const liveTable = (sql: Sql) => sql`
  live as materialized (
    select case when a.retirements <= b.retirements then a.name else b.name end as side,
           case when a.retirements <= b.retirements then a.retirements else b.retirements end
             as retirements,
           case when a.retirements <= b.retirements then a.position else b.position end as position
    from projection_checkpoint a, projection_checkpoint b
    where a.name = ${READ_MODEL}::text and b.name = ${READ_MODEL_B}::text
  )`;

/** As a row of `live` comes back. */
export interface StoredLive {
  readonly side: Side;
  readonly retirements: string;
  readonly position: string;
}

/** Undefined where a checkpoint is missing. */
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
