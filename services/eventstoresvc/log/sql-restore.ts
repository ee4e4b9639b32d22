import type { RecordedEvent } from '../../../shared/eventstore/event-store.ts';
import type { Context } from '../../../shared/kit/context.ts';
import type { Database } from '../../../shared/kit/sql/database.ts';

/**
 * Restores events at their own positions, versions and times if the log ends right
 * before the first; false if it does not. Concurrent and repeated calls write each
 * event once. See EventLog.restore.
 */
export async function restoreEvents(
  database: Database,
  stream: string,
  ctx: Context,
  events: readonly RecordedEvent[],
): Promise<boolean> {
  const [first] = events;
  if (first === undefined) return true;
  const text = (value: (event: RecordedEvent) => string | bigint) =>
    events.map((event) => String(value(event)));
  const moved = await database.query<{ position: string }>(
    ctx,
    (sql) => sql`
      with head as (
        update log_head set position = position + ${events.length}::int8
        where stream = ${stream}::text and position = ${String(first.position - 1n)}::int8
        returning position
      ),
      written as (
        insert into events (stream, position, event_id, event_type, aggregate_type,
                            aggregate_id, version, event_data, metadata, created_at)
        select ${stream}::text, i.position::int8, i.event_id, i.event_type, i.aggregate_type,
               i.aggregate_id, i.version::int8, i.event_data, i.metadata::jsonb,
               i.created_at::timestamptz
        from head, unnest(
          ${text((e) => e.position)}::text[], ${text((e) => e.eventId)}::text[],
          ${text((e) => e.eventType)}::text[], ${text((e) => e.aggregateType)}::text[],
          ${text((e) => e.aggregateId)}::text[], ${text((e) => e.version)}::text[],
          ${text((e) => e.data)}::text[],
          ${text((e) => JSON.stringify(e.metadata))}::text[],
          ${text((e) => e.createdAt.toISOString())}::text[]
        ) as i (position, event_id, event_type, aggregate_type, aggregate_id, version,
                event_data, metadata, created_at)
        returning 1
      )
      select position from head`,
  );
  return moved.length === 1;
}
