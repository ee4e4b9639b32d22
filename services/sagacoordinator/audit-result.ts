import { orderMetrics } from '../../shared/contracts/metric-list.ts';
import type { Context } from '../../shared/kit/context.ts';
import type { Logger } from '../../shared/kit/logger.ts';
import type { Meter } from '../../shared/kit/metrics/meter.ts';
import type { Component } from '../../shared/kit/process/lifecycle.ts';
import { looking } from '../../shared/kit/process/looking.ts';
import type { Database } from '../../shared/kit/sql/database.ts';

/** Between two queries, in milliseconds. */
const LOOK_MS = 5_000;

/** What an audit found. */
export interface AuditResult {
  readonly verdict: string;
  readonly discrepancyCount: number;
  readonly waitingCount: number;
}

/**
 * Keeps what an audit found, for `lastAudit`. Never rejects: an audit of a stack that is down,
 * or older, says what it found all the same.
 */
export async function keepAuditResult(
  ctx: Context,
  database: Database,
  { verdict, discrepancyCount, waitingCount }: AuditResult,
): Promise<void> {
  await database
    .query(
      ctx,
      (sql) => sql`
        insert into audit_results (name, verdict, discrepancies, waiting)
        values ('last', ${verdict}::text, ${String(discrepancyCount)}::int8,
                ${String(waitingCount)}::int8)
        on conflict (name) do update
        set verdict = excluded.verdict, discrepancies = excluded.discrepancies,
            waiting = excluded.waiting, finished_at = now()`,
    )
    .catch(() => undefined);
}

const verdicts = ['right', 'waiting', 'unreachable', 'wrong'];

type Row = { readonly verdict: string; readonly age: number };

/** Gauges of what the last audit found, and when. Nothing is shown before there was one. */
export function lastAudit(
  database: Database,
  { meter, logger, lookMs = LOOK_MS }: { meter: Meter; logger: Logger; lookMs?: number },
): Component {
  let last: Row | undefined;
  meter.observe(orderMetrics.auditVerdict, (tell) => {
    if (last === undefined) return;
    for (const verdict of verdicts) tell(verdict === last.verdict ? 1 : 0, { verdict });
  });
  meter.observe(orderMetrics.auditAge, (tell) => {
    if (last !== undefined) tell(last.age);
  });
  return looking(
    async (ctx) => {
      [last] = await database.query<Row>(
        ctx,
        (sql) => sql<Row[]>`
          select verdict, extract(epoch from (now() - finished_at))::float8 as age
          from audit_results
          where name = 'last'`,
      );
    },
    { name: 'last audit', everyMs: lookMs, logger },
  );
}
