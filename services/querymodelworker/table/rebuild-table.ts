/** The rebuild's SQL; each function runs one statement, once or repeatedly. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { READ_MODEL, READ_MODEL_B } from '../../../shared/contracts/subjects.ts';
import type { Context } from '../../../shared/kit/context.ts';
import type { Database } from '../../../shared/kit/sql/database.ts';
import { otherSide, type Side } from './live-table.ts';
import type { OrderRow } from './order-row.ts';
import type { ProjectionFailure } from './projection-failure.ts';
import { asOrderRow, rowColumns, type StoredRow, writing } from './rows-statement.ts';

/** A position in the log, and the id of the event there; '' before the first. */
export interface Place {
  readonly position: bigint;
  readonly eventId: string;
}

/** A rebuild's record. */
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

/** Matches the start of a statement that creates or changes a table or its index. */
const shaping =
  /^(?:create\s+table if not exists|alter\s+table|create index if not exists \w+\s+on)\s+(\w+)/;

/** The migrations that create `table` and its indexes, in order, without those that write rows. */
export function shapeOf(table: Table): readonly string[] {
  return readdirSync(folder)
    .sort()
    .map((file) => readFileSync(join(folder, file), 'utf8'))
    .filter((sql) => shaping.exec(sql.replace(/^--.*\n/gm, '').trim())?.[1] === table);
}

/** Names of the existing tables. */
export async function existingTables(database: Database, ctx: Context): Promise<Set<string>> {
  const found = await database.query<{ name: string }>(
    ctx,
    (sql) => sql`
      select table_name as name from information_schema.tables
      where table_schema = current_schema()`,
  );
  return new Set(found.map(({ name }) => name));
}

/** Creates a missing table with its migrations. */
export async function makeTable(database: Database, ctx: Context, table: Table): Promise<void> {
  for (const statement of shapeOf(table)) {
    await database.query(ctx, (sql) => sql.unsafe(statement));
  }
}

/**
 * Takes over the rebuild, so that no other process continues it, and resolves with its
 * progress; undefined if none had begun.
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

/** Records that a rebuild of `builds` starts at the log's beginning. */
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
 * Marks the table of `side` as incomplete from the start. A querymodelworker of an older
 * release, which knows only `orders`, stops at this.
 */
export async function disown(database: Database, ctx: Context, side: Side): Promise<void> {
  await database.query(
    ctx,
    (sql) => sql`
      update projection_checkpoint set position = -1 where name = ${side}::text`,
  );
}

/** Rows deleted by one statement. */
export const EMPTIED = 20_000;

/**
 * Deletes the next rows of the table of `side`; false if none were left, or `owner` is
 * no longer the owner. It does not truncate, because then all readers would wait for
 * the slowest.
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

/** Deletes the failure records of the previous fill of the table of `side`. */
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

/** The result of folding a chunk of events. */
export interface Chunk {
  readonly builds: Side;
  readonly owner: string;
  readonly from: bigint;
  readonly to: Place;
  readonly rows: readonly OrderRow[];
  readonly failures: readonly ProjectionFailure[];
}

/** Writes the chunk and moves the rebuild; false if the rebuild is not at `from`, or the owner lost it. */
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

/** The existing checkpoints. */
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

/** Sets the checkpoint of the table of `side`, which is not live, to `place`. */
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

/** Conditions at the moment of the switch. */
export interface Switch {
  readonly owner: string;
  readonly live: Side;
  readonly retirements: bigint;
  /** The live checkpoint is at or before this. */
  readonly upTo: bigint;
}

/**
 * Retires the live table in favour of the other, with one update of the row that its
 * projection moves. False, with nothing changed, if it has moved beyond `upTo`, was
 * already retired, or another process took over the rebuild. A takeover waits for this
 * statement, or this statement sees it.
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
 * Makes the table of `side`, whose checkpoint is missing, the live one. There was no live
 * table before, because with a checkpoint missing nobody could tell which it was.
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

/** Removes the record of the finished rebuild. */
export async function forget(database: Database, ctx: Context, owner: string): Promise<void> {
  await database.query(
    ctx,
    (sql) => sql`
      delete from read_model_rebuild where name = ${READ_MODEL}::text and owner = ${owner}::text`,
  );
}

/** Progress of the owner's rebuild; undefined if the owner has lost it. */
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
