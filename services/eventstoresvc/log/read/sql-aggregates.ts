import type {
  AggregateId,
  RecordedEvent,
  WholeAggregate,
} from '../../../../shared/eventstore/event-store.ts';
import type { Context } from '../../../../shared/kit/context.ts';
import type { Database } from '../../../../shared/kit/sql/database.ts';
import { type EventRow, recorded } from './event-row.ts';

/** What comes of one aggregate, and of all together: events, and bytes of payload. */
const EACH = { events: 256, bytes: 512 * 1024 };
const ALL = { events: 2_000, bytes: 2 * 1024 * 1024 };

/** An event, or only the number of an aggregate that did not fit. */
interface Row extends EventRow {
  /** Index in the request, from 1. */
  n: string;
  whole: boolean;
}

/**
 * Reads many aggregates in one statement, hence at one moment: a result for each, in the
 * order asked. One event more than fits is looked for, so that a cut shows. Sizes are
 * known without reading large payloads.
 */
export async function readAggregates(
  database: Database,
  stream: string,
  ctx: Context,
  aggregates: readonly AggregateId[],
): Promise<readonly WholeAggregate[]> {
  const rows = await database.query<Row>(
    ctx,
    (sql) => sql`
      with asked as materialized (
        select a.n, a.aggregate_type, a.aggregate_id
        from unnest(
          ${aggregates.map(({ aggregateType }) => aggregateType)}::text[],
          ${aggregates.map(({ aggregateId }) => aggregateId)}::text[]
        ) with ordinality as a (aggregate_type, aggregate_id, n)
      ),
      found as materialized (
        select asked.n, e.stream, e.position, e.event_id, e.event_type, e.aggregate_type,
               e.aggregate_id, e.version, e.event_data, e.metadata, e.created_at
        from asked cross join lateral (
          select events.stream, events.position, events.event_id, events.event_type,
                 events.aggregate_type, events.aggregate_id, events.version,
                 events.event_data, events.metadata, events.created_at
          from events
          where events.aggregate_id = asked.aggregate_id
            and events.aggregate_type = asked.aggregate_type
            and events.stream = ${stream}::text
          order by events.version limit ${EACH.events + 1}::int8
        ) as e
      ),
      sized as (
        select n, count(*) as events, sum(octet_length(event_data)) as bytes
        from found group by n
      ),
      fitting as (
        select n from (
          select n, sum(events) over before as events, sum(bytes) over before as bytes
          from sized
          where events <= ${EACH.events}::int8 and bytes <= ${EACH.bytes}::int8
          window before as (order by n rows unbounded preceding)
        ) as added
        where events <= ${ALL.events}::int8 and bytes <= ${ALL.bytes}::int8
      )
      select n, true as whole, stream, position, event_id, event_type, aggregate_type,
             aggregate_id, version, event_data, metadata, created_at
      from found where n in (select n from fitting)
      union all
      select n, false, '', 0, '', '', '', '', 0, '', '{}'::jsonb, now()
      from sized where n not in (select n from fitting)
      order by n, version`,
  );
  const read: (RecordedEvent[] | undefined)[] = aggregates.map(() => []);
  for (const row of rows) {
    const index = Number(row.n) - 1;
    if (row.whole) read[index]?.push(recorded(row));
    else read[index] = undefined;
  }
  return read;
}
