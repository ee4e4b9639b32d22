import { eventStoreMetrics } from '../../../shared/contracts/metric-list.ts';
import type { Context } from '../../../shared/kit/context.ts';
import type { Logger } from '../../../shared/kit/logger.ts';
import type { Meter } from '../../../shared/kit/metrics/meter.ts';
import type { Component } from '../../../shared/kit/process/lifecycle.ts';
import { looking } from '../../../shared/kit/process/looking.ts';
import type { Database } from '../../../shared/kit/sql/database.ts';

/** How far a consumer is behind the log, by its checkpoint. */
export interface ConsumerLag {
  readonly consumer: string;
  readonly position: number;
  /** Events after the checkpoint that it answers, of the next 10,000 in the log. */
  readonly events: number;
  /** Age of the first event after the checkpoint that it answers, in seconds; 0 if there is none. */
  readonly seconds: number;
}

/** Between two queries, in milliseconds: consumers save their places about once a second. */
const LOOK_MS = 2_000;

/** So far from its checkpoint a consumer's events are looked for: a look costs the same however far it is behind. */
const FURTHEST = 10_000;

/** Beyond that only the first one is looked for, and with each look so far. */
const FURTHER = 100_000;

/** Up to where the log has nothing that a consumer answers, by its checkpoint and its types. */
export type Cleared = Map<string, number>;

interface Row {
  readonly consumer: string;
  readonly position: string;
  readonly event_types: string;
  readonly events: string;
  readonly seconds: number;
  readonly head: string;
}

/**
 * How far each consumer of `stream` is. A consumer tells with its checkpoint which types it
 * answers. `cleared` is kept from look to look, so that each goes on where the last one ended:
 * of a rare type the next event may be a million events away.
 */
export async function consumerLags(
  database: Database,
  stream: string,
  ctx: Context,
  cleared: Cleared = new Map(),
): Promise<readonly ConsumerLag[]> {
  const rows = await database.query<Row>(
    ctx,
    (sql) => sql<Row[]>`
      select c.consumer, c.position, c.event_types, waits.events,
             (select coalesce(max(position), 0)::int8 from events
              where stream = ${stream}::text) as head,
             coalesce(extract(epoch from (now() - waits.since)), 0)::float8 as seconds
      from checkpoints c cross join lateral (
        select count(*)::int8 as events, min(e.created_at) as since
        from events e
        where e.stream = c.stream and e.position > c.position
          and e.position <= c.position + ${String(FURTHEST)}::int8
          and (c.event_types = '' or e.event_type = any(string_to_array(c.event_types, ' ')))
      ) as waits
      where c.stream = ${stream}::text`,
  );
  const before = new Map(cleared);
  cleared.clear();
  const lags: ConsumerLag[] = [];
  for (const row of rows) {
    const seconds = isFarAway(row)
      ? await furtherOn(database, stream, ctx, row, { before, cleared })
      : row.seconds;
    lags.push({
      consumer: row.consumer,
      position: Number(row.position),
      events: Number(row.events),
      seconds: Math.max(0, seconds),
    });
  }
  return lags;
}

/** The log goes on beyond what was looked at, and nothing was found. Who answers all types has its next event at hand. */
const isFarAway = ({ position, event_types, events, head }: Row): boolean =>
  events === '0' && event_types !== '' && Number(head) > Number(position) + FURTHEST;

/** Age of the first event further on that the consumer answers; 0 if there is none as far as was looked. */
async function furtherOn(
  database: Database,
  stream: string,
  ctx: Context,
  { consumer, position, event_types, head }: Row,
  { before, cleared }: { readonly before: Cleared; readonly cleared: Cleared },
): Promise<number> {
  const key = `${consumer} ${position} ${event_types}`;
  const known = before.get(key) ?? 0;
  // A log that was restored is shorter.
  const from = Math.max(Number(position) + FURTHEST, known > Number(head) ? 0 : known);
  const [first] = await database.query<{ seconds: number }>(
    ctx,
    (sql) => sql<{ seconds: number }[]>`
      select extract(epoch from (now() - created_at))::float8 as seconds
      from events
      where stream = ${stream}::text and position > ${String(from)}::int8
        and position <= ${String(from + FURTHER)}::int8
        and event_type = any(string_to_array(${event_types}::text, ' '))
      order by position
      limit 1`,
  );
  // Near the head it is looked again.
  const clear = Math.min(from + FURTHER, Math.max(from, Number(head) - FURTHEST));
  cleared.set(key, first === undefined ? clear : from);
  return first?.seconds ?? 0;
}

/**
 * Gauges of how far each consumer is, seen from the log: a consumer that hangs or is gone tells
 * nothing of itself. While SQL does not answer the last values stay.
 */
export function measuringLags(
  database: Database,
  stream: string,
  { meter, logger, lookMs = LOOK_MS }: { meter: Meter; logger: Logger; lookMs?: number },
): Component {
  let lags: readonly ConsumerLag[] = [];
  const cleared: Cleared = new Map();
  meter.observe(eventStoreMetrics.consumerPosition, (tell) => {
    for (const { consumer, position } of lags) tell(position, { consumer });
  });
  meter.observe(eventStoreMetrics.consumerLag, (tell) => {
    for (const { consumer, events } of lags) tell(events, { consumer });
  });
  meter.observe(eventStoreMetrics.consumerLagAge, (tell) => {
    for (const { consumer, seconds } of lags) tell(seconds, { consumer });
  });
  return looking(
    async (ctx) => {
      lags = await consumerLags(database, stream, ctx, cleared);
    },
    { name: 'consumer lags', everyMs: lookMs, logger },
  );
}
