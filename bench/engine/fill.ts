/** Logs that hold many events already, made where they are to lie rather than appended. */
import { createHash } from 'node:crypto';
import postgres from 'postgres';
import { ORDERS_STREAM } from '../../shared/contracts/subjects.ts';
import { AGGREGATE_TYPE, EVENTS_PER_AGGREGATE, lifeOf } from './workload.ts';

/** Rows in one statement. */
const CHUNK = 30_000;

/**
 * Fills an empty log with `events` events of the workload's content, three an
 * aggregate, and moves the head in the same statement, as an append does.
 * Leaves the table vacuumed and analyzed, as an old one is.
 */
export async function fill(url: string, events: number, signal: AbortSignal): Promise<void> {
  const sql = postgres(url, { max: 1, onnotice: () => undefined });
  const life = [...lifeOf('<id>')];
  try {
    for (let done = 0; done < events; done += CHUNK) {
      signal.throwIfAborted();
      const rows = Math.min(CHUNK, events - done);
      await sql`
        with head as (
          update log_head set position = position + ${rows}::int8
          where stream = ${ORDERS_STREAM}::text
          returning position - ${rows}::int8 as base
        ),
        numbered as (
          select base + n as position,
                 (base + n - 1) % ${EVENTS_PER_AGGREGATE}::int8 + 1 as version,
                 md5('aggregate ' || (base + n - 1) / ${EVENTS_PER_AGGREGATE}::int8)::uuid::text
                   as aggregate_id
          from head, generate_series(1, ${rows}::int8) as n
        )
        insert into events (stream, position, event_id, event_type, aggregate_type, aggregate_id,
                            version, event_data, metadata)
        select ${ORDERS_STREAM}::text, position, md5('event ' || position)::uuid::text,
               (${life.map(({ eventType }) => eventType)}::text[])[version::int4],
               ${AGGREGATE_TYPE}::text, aggregate_id, version,
               replace(${JSON.stringify(life[0]?.payload)}::text, '<id>', aggregate_id),
               ${JSON.stringify(life[0]?.metadata)}::text::jsonb
        from numbered`;
    }
    await sql`vacuum analyze events`;
    await sql`checkpoint`;
  } finally {
    await sql.end({ timeout: 5 });
  }
}

/** Takes from a log that nobody writes to what came after its first `events` events. */
export async function cutBack(url: string, events: number): Promise<void> {
  const sql = postgres(url, { max: 1, onnotice: () => undefined });
  try {
    await sql`
      with gone as (
        delete from events
        where stream = ${ORDERS_STREAM}::text and position > ${events}::int8
      )
      update log_head set position = ${events}::int8 where stream = ${ORDERS_STREAM}::text`;
    await sql`vacuum analyze events`;
  } finally {
    await sql.end({ timeout: 5 });
  }
}

/** Any aggregate of a log that was filled with so many events. */
export function anyAggregate(events: number): string {
  const n = Math.floor(Math.random() * Math.floor(events / EVENTS_PER_AGGREGATE));
  const hex = createHash('md5').update(`aggregate ${n}`).digest('hex');
  return hex.replace(/^(.{8})(.{4})(.{4})(.{4})/, '$1-$2-$3-$4-');
}
