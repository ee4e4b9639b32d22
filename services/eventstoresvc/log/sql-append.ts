/**
 * The statements that append to the log. The head's row lock makes the order of
 * positions the order of commits. A head below `floor`, the last position known to be
 * committed, was set back by a restore: then nothing is written. The head is moved
 * unconditionally, because with a condition two thirds of the attempts of two writers
 * failed. A missing predecessor keeps it from moving. Each predecessor of a batch is
 * probed by a scalar subquery: for a semi-join the planner reads the whole table.
 */
import type { Context } from '../../../shared/kit/context.ts';
import { type Database, prepared } from '../../../shared/kit/sql/database.ts';
import { column } from './column.ts';
import type { PredictedEvent } from './optimistic.ts';

/**
 * How to open the database that createEventLog takes as `appends`; also the number of
 * batches that group commit runs in parallel. Both batches use one connection. The
 * second is at the server when the first commits, waits for no lock, and is not rolled
 * back when the first one fails (ADR 22).
 */
export const APPENDING = { poolSize: 1, pipeline: 2 } as const;

/** The place of a written batch. */
export interface Written {
  readonly first: bigint;
  /** Versions of all its events, in order. */
  readonly versions: readonly bigint[];
  /** As stored with each event. */
  readonly createdAt: Date;
}

/** Constant texts, so that each connection plans them once. */
const appendManyText = (assigns: boolean) => `
  with input as materialized (
    select i.n, i.event_id, i.event_type, i.aggregate_type, i.aggregate_id,
           i.version::int8 as version, i.offset_or_predecessor::int8 as offset_or_predecessor,
           i.event_data, i.metadata::jsonb as metadata
    from unnest(
      string_to_array($3::text, chr(31)),
      string_to_array($4::text, chr(31)),
      string_to_array($5::text, chr(31)),
      string_to_array($6::text, chr(31)),
      string_to_array($7::text, chr(31), ''),
      string_to_array($8::text, chr(31), ''),
      string_to_array($9::text, chr(31)),
      string_to_array($10::text, chr(31))
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
    update log_head set position = position + $2::int8
    where stream = $1::text and position >= $11::int8 and not exists (select 1 from missing)
    returning position - $2::int8 as base
  ),
  written as (
    insert into events (stream, position, event_id, event_type, aggregate_type,
                        aggregate_id, version, event_data, metadata)
    select $1::text, head.base + n, event_id, event_type, aggregate_type, aggregate_id,
           coalesce(input.version, input.offset_or_predecessor + coalesce(
             (select max(e.version) from events e
              where e.aggregate_id = input.aggregate_id
                and e.aggregate_type = input.aggregate_type), 0)),
           event_data, metadata
    from head, input
    ${assigns ? 'returning position, version' : ''}
  )
  select head.base::text as base, now() as created_at,
         ${
           assigns
             ? "(select string_agg(version::text, ',' order by position) from written)"
             : 'null::text'
         } as versions
  from head`;

interface ManyRow {
  readonly base: string;
  readonly versions: string | null;
  readonly created_at: Date;
}
const versionsKnown = prepared<ManyRow>(appendManyText(false));
/** Used only if the database assigns a version, which is an eighth of the statement's work. */
const versionsAssigned = prepared<ManyRow>(appendManyText(true));

/** Writes two or more events; see EventLog.append. */
export async function appendMany(
  database: Database,
  stream: string,
  ctx: Context,
  events: readonly PredictedEvent[],
  floor: string,
): Promise<Written | undefined> {
  const assigns = events.some(({ version }) => version === undefined);
  const statement = assigns ? versionsAssigned : versionsKnown;
  const [row] = await database.query(
    ctx,
    statement(
      stream,
      String(events.length),
      column(events, ({ event }) => event.eventId),
      column(events, ({ event }) => event.eventType),
      column(events, ({ event }) => event.aggregateType),
      column(events, ({ event }) => event.aggregateId),
      column(events, ({ version }) => version),
      column(events, offsetOrPredecessor),
      column(events, ({ event }) => event.data),
      column(events, ({ event }) => JSON.stringify(event.metadata)),
      floor,
    ),
  );
  if (row === undefined) return undefined;
  const assigned = row.versions?.split(',').map(BigInt) ?? [];
  return {
    first: BigInt(row.base) + 1n,
    versions: events.map(({ version }, index) => version ?? assigned[index] ?? 0n),
    createdAt: row.created_at,
  };
}

/** With a known version, the predecessor to look for; otherwise the offset from the last version. */
const offsetOrPredecessor = ({ version, offset, predecessor }: PredictedEvent) =>
  version === undefined ? offset : predecessor;

/**
 * Writes a single event, the usual batch under low load: the server runs this in two
 * thirds of the time that `appendMany` takes. The statement includes only the look-ups
 * that this event needs, because even a subquery that never runs has its table and
 * index opened. A predecessor is joined, which is cheaper than a probe.
 */
export async function appendOne(
  database: Database,
  stream: string,
  ctx: Context,
  { event, version, offset, predecessor }: PredictedEvent,
  floor: string,
): Promise<Written | undefined> {
  const values = [
    stream,
    event.eventId,
    event.eventType,
    event.aggregateType,
    event.aggregateId,
    event.data,
    JSON.stringify(event.metadata),
    floor,
  ] as const;
  const statement =
    version === undefined
      ? afterTheLast(...values, String(offset))
      : predecessor === undefined
        ? atVersion(...values, String(version))
        : atVersionAfter(...values, String(version), String(predecessor));
  const [row] = await database.query(ctx, statement);
  if (row === undefined) return undefined;
  return {
    first: BigInt(row.position),
    versions: [version ?? BigInt(row.version ?? 0)],
    createdAt: row.created_at,
  };
}

const ITS_EVENTS = 'e.aggregate_id = $5::text and e.aggregate_type = $4::text';

const appendOneText = (itsVersion: string, { after = '', returning = '' } = {}) => `
  with head as (
    update log_head set position = log_head.position + 1::int8
    ${after === '' ? '' : 'from events e'}
    where log_head.stream = $1::text and log_head.position >= $8::int8 ${after}
    returning log_head.position
  )
  insert into events (stream, position, event_id, event_type, aggregate_type,
                      aggregate_id, version, event_data, metadata)
  select $1::text, head.position, $2::text, $3::text, $4::text, $5::text, ${itsVersion},
         $6::text, $7::text::jsonb
  from head
  returning position, created_at${returning}`;

interface OneRow {
  readonly position: string;
  readonly created_at: Date;
  /** If the database assigned it. */
  readonly version?: string;
}
const atVersion = prepared<OneRow>(appendOneText('$9::int8'));
const atVersionAfter = prepared<OneRow>(
  appendOneText('$9::int8', { after: `and ${ITS_EVENTS} and e.version = $10::int8` }),
);
const afterTheLast = prepared<OneRow>(
  appendOneText(
    `$9::int8 + coalesce((select max(e.version) from events e where ${ITS_EVENTS}), 0)`,
    { returning: ', version' },
  ),
);
