/**
 * The statements that write the log. The head's row lock is what makes the order
 * of positions the order of commits. The head is moved unconditionally: with a
 * condition, two thirds of the attempts of two writers came to nothing. A
 * missing predecessor keeps it from moving; each is probed by a scalar subquery,
 * since as a semi-join the planner reads the whole table.
 */
import type { Context } from '../../shared/kit/context.ts';
import type { Database } from '../../shared/kit/database.ts';
import { column } from './column.ts';
import type { PredictedEvent } from './optimistic.ts';

/** Where a batch was written. */
export interface Written {
  readonly first: bigint;
  /** Of all its events, in their order. */
  readonly versions: readonly bigint[];
}

/** Writes two events or more; what it promises is EventLog.append's to say. */
export async function appendMany(
  database: Database,
  stream: string,
  ctx: Context,
  events: readonly PredictedEvent[],
): Promise<Written | undefined> {
  // Asked for only where the database assigned one: an eighth of the statement's work.
  const assigns = events.some(({ version }) => version === undefined);
  const [row] = await database.query<{ base: string; versions: string | null }>(
    ctx,
    (sql) => sql`
      with input as materialized (
        select i.n, i.event_id, i.event_type, i.aggregate_type, i.aggregate_id,
               i.version::int8 as version, i.offset_or_predecessor::int8 as offset_or_predecessor, i.event_data,
               i.metadata::jsonb as metadata
        from unnest(
          string_to_array(${column(events, ({ event }) => event.eventId)}::text, chr(31)),
          string_to_array(${column(events, ({ event }) => event.eventType)}::text, chr(31)),
          string_to_array(${column(events, ({ event }) => event.aggregateType)}::text, chr(31)),
          string_to_array(${column(events, ({ event }) => event.aggregateId)}::text, chr(31)),
          string_to_array(${column(events, ({ version }) => version)}::text, chr(31), ''),
          string_to_array(${column(events, offsetOrPredecessor)}::text, chr(31), ''),
          string_to_array(${column(events, ({ event }) => event.data)}::text, chr(31)),
          string_to_array(${column(events, ({ event }) => JSON.stringify(event.metadata))}::text,
                          chr(31))
        ) with ordinality as i (event_id, event_type, aggregate_type, aggregate_id, version,
                                offset_or_predecessor, event_data, metadata, n)
      ),
      missing as (
        select 1 from input
        where version is not null and offset_or_predecessor is not null
          and (select 1 from events e
               where e.aggregate_id = input.aggregate_id
                 and e.aggregate_type = input.aggregate_type
                 and e.version = input.offset_or_predecessor) is null
        limit 1
      ),
      head as (
        update log_head set position = position + ${events.length}::int8
        where stream = ${stream}::text and not exists (select 1 from missing)
        returning position - ${events.length}::int8 as base
      ),
      written as (
        insert into events (stream, position, event_id, event_type, aggregate_type,
                            aggregate_id, version, event_data, metadata)
        select ${stream}::text, head.base + n, event_id, event_type, aggregate_type,
               aggregate_id,
               coalesce(input.version, input.offset_or_predecessor + coalesce(
                 (select max(e.version) from events e
                  where e.aggregate_id = input.aggregate_id
                    and e.aggregate_type = input.aggregate_type), 0)),
               event_data, metadata
        from head, input
        ${assigns ? sql`returning position, version` : sql``}
      )
      select head.base::text as base,
             ${
               assigns
                 ? sql`(select string_agg(version::text, ',' order by position) from written)`
                 : sql`null::text`
             } as versions
      from head`,
  );
  if (row === undefined) return undefined;
  const assigned = row.versions?.split(',').map(BigInt) ?? [];
  return {
    first: BigInt(row.base) + 1n,
    versions: events.map(({ version }, index) => version ?? assigned[index] ?? 0n),
  };
}

/** Where the version is known, the predecessor to look for; where it is not, how far it lies after the last one. */
const offsetOrPredecessor = ({ version, offset, predecessor }: PredictedEvent) =>
  version === undefined ? offset : predecessor;

/**
 * Writes a batch of one, which is what there is while the load is low: the
 * server runs this in two thirds of the time that the other one takes. It is asked only
 * for what this event wants looked up: a subquery that is never run has its
 * table and index opened all the same.
 */
export async function appendOne(
  database: Database,
  stream: string,
  ctx: Context,
  { event, version, offset, predecessor }: PredictedEvent,
): Promise<Written | undefined> {
  const { eventId, eventType, aggregateType, aggregateId } = event;
  const [row] = await database.query<{ position: string; version: string }>(ctx, (sql) => {
    const of = sql`e.aggregate_id = ${aggregateId}::text and e.aggregate_type = ${aggregateType}::text`;
    const follows =
      predecessor === undefined
        ? sql``
        : sql`and (select 1 from events e where ${of} and e.version = ${String(predecessor)}::int8) is not null`;
    const itsVersion =
      version === undefined
        ? sql`${String(offset)}::int8 + coalesce((select max(e.version) from events e where ${of}), 0)`
        : sql`${String(version)}::int8`;
    return sql<{ position: string; version: string }[]>`
      with head as (
        update log_head set position = position + 1::int8
        where stream = ${stream}::text ${follows}
        returning position
      )
      insert into events (stream, position, event_id, event_type, aggregate_type,
                          aggregate_id, version, event_data, metadata)
      select ${stream}::text, head.position, ${eventId}::text, ${eventType}::text,
             ${aggregateType}::text, ${aggregateId}::text, ${itsVersion},
             ${event.data}::text, ${JSON.stringify(event.metadata)}::text::jsonb
      from head
      returning position, version`;
  });
  if (row === undefined) return undefined;
  return { first: BigInt(row.position), versions: [BigInt(row.version)] };
}
