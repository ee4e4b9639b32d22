/** What a rebuild does in SQL; each function is one statement, or the same one again and again. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { READ_MODEL, READ_MODEL_B } from '../../../shared/contracts/subjects.ts';
import type { Context } from '../../../shared/kit/context.ts';
import type { Database } from '../../../shared/kit/sql/database.ts';
import { otherSide, type Side } from './live-table.ts';
import type { OrderRow } from './order-row.ts';
import type { ProjectionFailure } from './projection-failure.ts';
import { asOrderRow, rowColumns, type StoredRow, writing } from './rows-statement.ts';

/** A place in the log: a position, and the id of the event there; '' before the first. */
export interface Place {
  readonly position: bigint;
  readonly eventId: string;
}

/** A rebuild that was begun, as it is kept. */
export interface Begun extends Place {
  readonly builds: Side;
}

/** A table of the read model. */
export type Table =
  | 'projection_checkpoint'
  | 'projection_failures'
  | 'read_model_rebuild'
  | 'orders'
  | 'orders_b';

const folder = join(import.meta.dirname, '../migrations');

/** How a statement that makes or changes a table, or an index of it, begins. */
const shaping =
  /^(?:create\s+table if not exists|alter\s+table|create index if not exists \w+\s+on)\s+(\w+)/;

/** The migrations that make `table` and its indexes, in their order; those that write rows are left out. */
export function shapeOf(table: Table): readonly string[] {
  return readdirSync(folder)
    .sort()
    .map((file) => readFileSync(join(folder, file), 'utf8'))
    .filter((sql) => shaping.exec(sql.replace(/^--.*\n/gm, '').trim())?.[1] === table);
}

/** The names of the tables that there are. */
export async function existingTables(database: Database, ctx: Context): Promise<Set<string>> {
  const found = await database.query<{ name: string }>(
    ctx,
    (sql) => sql`
      select table_name as name from information_schema.tables
      where table_schema = current_schema()`,
  );
  return new Set(found.map(({ name }) => name));
}

/** Makes a table that is missing, as its migrations do. */
export async function makeTable(database: Database, ctx: Context, table: Table): Promise<void> {
  for (const statement of shapeOf(table)) {
    await database.query(ctx, (sql) => sql.unsafe(statement));
  }
}

/**
 * Takes the rebuild over, so that no other process goes on with it, and resolves
 * with how far it came; undefined where none was begun.
 */
export async function takeOver(
  database: Database,
  ctx: Context,
  owner: string,
): Promise<Begun | undefined> {
  const [row] = await database.query<{ builds: Side; position: string; eventId: string }>(
    ctx,
    (sql) => sql`
      update read_model_rebuild set owner = ${owner}::text
      where name = ${READ_MODEL}::text
      returning builds, position, event_id as "eventId"`,
  );
  return row && { builds: row.builds, position: BigInt(row.position), eventId: row.eventId };
}

/** Notes that a rebuild of `builds` begins at the log's beginning. */
export async function note(
  database: Database,
  ctx: Context,
  owner: string,
  builds: Side,
): Promise<void> {
  await database.query(
    ctx,
    (sql) => sql`
      insert into read_model_rebuild as r (name, builds, owner, position, event_id)
      values (${READ_MODEL}::text, ${builds}::text, ${owner}::text, 0, '')
      on conflict (name) do update
      set builds = excluded.builds, owner = excluded.owner, position = 0, event_id = '',
          begun_at = now()`,
  );
}

/**
 * Where the table of `side` was complete up to somewhere, it is no more. A
 * querymodelworker of an older release, which knows `orders` alone, stops at this.
 */
export async function disown(database: Database, ctx: Context, side: Side): Promise<void> {
  await database.query(
    ctx,
    (sql) => sql`
      update projection_checkpoint set position = -1 where name = ${side}::text`,
  );
}

/** Rows of one statement that empties a table. */
export const EMPTIED = 20_000;

/**
 * Removes the next rows of the table of `side`; false when there was none left, or
 * `owner` is not the owner any more. By deleting, for to truncate would make all
 * readers wait for the slowest.
 */
export async function removeSome(
  database: Database,
  ctx: Context,
  owner: string,
  side: Side,
): Promise<boolean> {
  const removed = await database.query<{ n: number }>(ctx, (sql) => {
    const mine = sql`
      exists (select 1 from read_model_rebuild
              where name = ${READ_MODEL}::text and owner = ${owner}::text
                and builds = ${side}::text)`;
    return side === READ_MODEL
      ? sql`
          with removed as (
            delete from orders
            where order_id in (select order_id from orders order by order_id limit ${EMPTIED}::int8)
              and ${mine} returning 1
          ) select count(*)::int8 as n from removed having count(*) > 0`
      : sql`
          with removed as (
            delete from orders_b
            where order_id in (select order_id from orders_b order by order_id limit ${EMPTIED}::int8)
              and ${mine} returning 1
          ) select count(*)::int8 as n from removed having count(*) > 0`;
  });
  return removed.length > 0;
}

/** Forgets which events could not be read when the table of `side` was filled before. */
export async function forgetFailures(database: Database, ctx: Context, side: Side): Promise<void> {
  await database.query(
    ctx,
    (sql) => sql`delete from projection_failures where name = ${side}::text`,
  );
}

/** The rows of these orders in the table of `side`. */
export async function rowsOf(
  database: Database,
  ctx: Context,
  side: Side,
  orderIds: readonly string[],
): Promise<Map<string, OrderRow>> {
  const ids = orderIds as string[];
  const found = await database.query<StoredRow>(ctx, (sql) =>
    side === READ_MODEL
      ? sql`select ${rowColumns(sql)} from orders o where o.order_id = any(${ids}::text[])`
      : sql`select ${rowColumns(sql)} from orders_b o where o.order_id = any(${ids}::text[])`,
  );
  return new Map(found.map((row) => [row.orderId, asOrderRow(row)]));
}

/** The result of a chunk of events. */
export interface Chunk {
  readonly builds: Side;
  readonly owner: string;
  readonly from: bigint;
  readonly to: Place;
  readonly rows: readonly OrderRow[];
  readonly failures: readonly ProjectionFailure[];
}

/** Writes the chunk and moves the rebuild; false where it is not there, or not the owner's, any more. */
export async function writeChunk(
  database: Database,
  ctx: Context,
  { builds, owner, from, to, rows, failures }: Chunk,
): Promise<boolean> {
  const moved = await database.query<{ position: string }>(
    ctx,
    (sql) => sql`
      with moved as (
        update read_model_rebuild
        set position = ${String(to.position)}::int8, event_id = ${to.eventId}::text
        where name = ${READ_MODEL}::text and owner = ${owner}::text
          and builds = ${builds}::text and position = ${String(from)}::int8
        returning position
      ), ${writing(sql, builds, rows, failures)}
      select position from moved`,
  );
  return moved.length === 1;
}

/** The checkpoints that there are. */
export async function checkpoints(
  database: Database,
  ctx: Context,
): Promise<ReadonlyMap<Side, { readonly position: bigint; readonly retirements: bigint }>> {
  const rows = await database.query<{ name: Side; position: string; retirements: string }>(
    ctx,
    (sql) => sql`
      select name, position, retirements from projection_checkpoint
      where name in (${READ_MODEL}::text, ${READ_MODEL_B}::text)`,
  );
  return new Map(
    rows.map(({ name, position, retirements }) => [
      name,
      { position: BigInt(position), retirements: BigInt(retirements) },
    ]),
  );
}

/** The table of `side`, which is not live, has the log up to `place`. */
export async function placeCheckpoint(
  database: Database,
  ctx: Context,
  side: Side,
  place: Place,
): Promise<void> {
  await database.query(
    ctx,
    (sql) => sql`
      update projection_checkpoint
      set position = ${String(place.position)}::int8,
          event_position = ${String(place.position)}::int8, event_id = ${place.eventId}::text
      where name = ${side}::text`,
  );
}

/** What must be so at the moment of the switch. */
export interface Switch {
  readonly owner: string;
  readonly live: Side;
  readonly retirements: bigint;
  /** The live checkpoint is there or before. */
  readonly upTo: bigint;
}

/**
 * The live table stands down for the other one: one update, of the row that its
 * projection moves. False, and nothing has changed, where it has moved beyond `upTo`,
 * stood down already, or another process took the rebuild over; which waits
 * for this statement, or this one sees that it did.
 */
export async function standDown(
  database: Database,
  ctx: Context,
  { owner, live, retirements, upTo }: Switch,
): Promise<boolean> {
  const done = await database.query<{ name: string }>(
    ctx,
    (sql) => sql`
      with mine as (
        select 1 from read_model_rebuild
        where name = ${READ_MODEL}::text and owner = ${owner}::text and builds <> ${live}::text
        for update
      )
      update projection_checkpoint set retirements = retirements + 1
      where name = ${live}::text and retirements = ${String(retirements)}::int8
        and position <= ${String(upTo)}::int8 and exists (select 1 from mine)
      returning name`,
  );
  return done.length === 1;
}

/**
 * The table of `side`, whose checkpoint is missing, becomes the live one: until now
 * nobody could tell which that was, so there was none.
 */
export async function comeForward(
  database: Database,
  ctx: Context,
  owner: string,
  side: Side,
  place: Place,
): Promise<boolean> {
  const other = otherSide(side);
  await database.query(
    ctx,
    (sql) => sql`
      insert into projection_checkpoint (name, position)
      select ${other}::text, -1
      where not exists (select 1 from projection_checkpoint where name = ${side}::text)
      on conflict (name) do nothing`,
  );
  const done = await database.query<{ name: string }>(
    ctx,
    (sql) => sql`
      with mine as (
        select 1 from read_model_rebuild
        where name = ${READ_MODEL}::text and owner = ${owner}::text and builds = ${side}::text
        for update
      )
      insert into projection_checkpoint (name, position, event_position, event_id, retirements)
      select ${side}::text, ${String(place.position)}::int8, ${String(place.position)}::int8,
             ${place.eventId}::text, c.retirements - 1
      from projection_checkpoint c, mine
      where c.name = ${other}::text
      on conflict (name) do nothing
      returning name`,
  );
  return done.length === 1;
}

/** The rebuild is over. */
export async function forget(database: Database, ctx: Context, owner: string): Promise<void> {
  await database.query(
    ctx,
    (sql) => sql`
      delete from read_model_rebuild where name = ${READ_MODEL}::text and owner = ${owner}::text`,
  );
}

/** How far the owner's rebuild is; undefined where it is not the owner's any more. */
export async function standing(
  database: Database,
  ctx: Context,
  owner: string,
): Promise<bigint | undefined> {
  const [row] = await database.query<{ position: string }>(
    ctx,
    (sql) => sql`
      select position from read_model_rebuild
      where name = ${READ_MODEL}::text and owner = ${owner}::text`,
  );
  return row && BigInt(row.position);
}
