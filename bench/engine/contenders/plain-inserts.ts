/**
 * What PostgreSQL takes of rows like ours where nothing is checked and no
 * position is handed out: the limit that an event log can come near to. Same
 * table, same indexes, same content; positions are counted here.
 */
import postgres from 'postgres';
import { ORDERS_STREAM } from '../../../shared/contracts/subjects.ts';
import type { Sql } from '../../../shared/kit/sql/connections.ts';
import { type Contender, measure } from '../contender.ts';
import { names } from '../names.ts';
import { AGGREGATE_TYPE, type Step, steps } from '../workload.ts';

/** The server takes 200 connections, and others need some. */
const MOST_SESSIONS = 128;
const LIMIT_SESSIONS = 2;
export const ROWS_PER_STATEMENT = 256;

export interface PlainInserts {
  /** One INSERT of one row for each event, a session for each caller; beyond 128 two callers share one. */
  readonly singleRows: Contender;
  /** Statements of 256 rows over two sessions, however many callers. */
  readonly multiRows: Contender;
  close(): Promise<void>;
}

/** On a database that is migrated already and that nobody else writes to. The caller closes it. */
export function openPlainInserts(url: string): PlainInserts {
  const options = {
    onnotice: () => undefined,
    fetch_types: false,
    types: { textArray },
    // As eventstoresvc asks for them.
    connection: { plan_cache_mode: 'force_generic_plan', enable_seqscan: 'off' },
  };
  // Each a client of its own: the client's pool takes the longer the more it has done (ADR 5).
  const session = () => postgres(url, { ...options, max: 1 });
  const single = Array.from({ length: MOST_SESSIONS }, session);
  const multi = Array.from({ length: LIMIT_SESSIONS }, session);
  let position = 0;

  const insertOne = (sql: Sql, step: Step) => sql`
    insert into events (stream, position, event_id, event_type, aggregate_type, aggregate_id,
                        version, event_data, metadata)
    values (${ORDERS_STREAM}::text, ${++position}::int8, ${step.eventId}::text,
            ${step.eventType}::text, ${AGGREGATE_TYPE}::text, ${step.aggregateId}::text,
            ${step.expectedVersion + 1}::int8, ${JSON.stringify(step.payload)}::text,
            ${JSON.stringify(step.metadata)}::text::jsonb)`;

  const insertMany = (sql: Sql, rows: readonly Step[]) => {
    const base = position;
    position += rows.length;
    return sql`
      insert into events (stream, position, event_id, event_type, aggregate_type, aggregate_id,
                          version, event_data, metadata)
      select ${ORDERS_STREAM}::text, ${base}::int8 + n, event_id, event_type,
             ${AGGREGATE_TYPE}::text, aggregate_id, version::int8, event_data, metadata::jsonb
      from unnest(
        ${rows.map(({ eventId }) => eventId)}::text[],
        ${rows.map(({ eventType }) => eventType)}::text[],
        ${rows.map(({ aggregateId }) => aggregateId)}::text[],
        ${rows.map(({ expectedVersion }) => String(expectedVersion + 1))}::text[],
        ${rows.map(({ payload }) => JSON.stringify(payload))}::text[],
        ${rows.map(({ metadata }) => JSON.stringify(metadata))}::text[]
      ) with ordinality as i (event_id, event_type, aggregate_id, version, event_data, metadata, n)`;
  };

  return {
    singleRows: {
      name: names.singleRows,
      run: (callers, ms) => {
        let caller = 0;
        return measure(callers, ms, () => {
          const sql = single[caller++ % MOST_SESSIONS] as Sql;
          const own = steps();
          return () => insertOne(sql, own.next().value);
        });
      },
    },
    multiRows: {
      name: names.multiRows,
      run: async (_callers, ms) => {
        const end = performance.now() + ms;
        let count = 0;
        const insert = async (sql: Sql) => {
          const own = steps();
          while (performance.now() < end) {
            await insertMany(
              sql,
              Array.from({ length: ROWS_PER_STATEMENT }, () => own.next().value),
            );
            if (performance.now() <= end) count += ROWS_PER_STATEMENT;
          }
        };
        await Promise.all(multi.map(insert));
        return { count, ms, times: [] };
      },
    },
    close: async () => {
      await Promise.all([...single, ...multi].map((sql) => sql.end({ timeout: 5 })));
    },
  };
}

/** `text[]` written in one go: the client's own way asks the server for its types first. */
const textArray = {
  to: 1009,
  from: [],
  serialize: (values: readonly string[]): string =>
    `{${values.map((value) => `"${value.replace(/[\\"]/g, '\\$&')}"`).join(',')}}`,
  parse: (text: string): string => text,
};
