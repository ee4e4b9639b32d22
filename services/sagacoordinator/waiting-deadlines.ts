import { orderMetrics } from '../../shared/contracts/metric-list.ts';
import type { Logger } from '../../shared/kit/logger.ts';
import type { Meter } from '../../shared/kit/metrics/meter.ts';
import type { Component } from '../../shared/kit/process/lifecycle.ts';
import { looking } from '../../shared/kit/process/looking.ts';
import type { Database } from '../../shared/kit/sql/database.ts';

/** Between two queries, in milliseconds. */
const LOOK_MS = 5_000;

/** A deadline that fires within this time is on time, in milliseconds: in a busy moment some are always due. */
const MARGIN_MS = 5_000;

type Row = { readonly kind: string; readonly waiting: string; readonly due: string };

/**
 * Gauges of deadlines that are set, and of those that have been due for five seconds and have not
 * fired, by kind. They come from SQL, so that every instance shows the same. While SQL does not answer the last
 * values stay; a kind that nothing waits for any more is reported with 0.
 */
export function waitingDeadlines(
  database: Database,
  { meter, logger, lookMs = LOOK_MS }: { meter: Meter; logger: Logger; lookMs?: number },
): Component {
  const kinds = new Map<string, { readonly waiting: number; readonly due: number }>();
  meter.observe(orderMetrics.deadlinesWaiting, (tell) => {
    for (const [kind, { waiting }] of kinds) tell(waiting, { kind });
  });
  meter.observe(orderMetrics.deadlinesDue, (tell) => {
    for (const [kind, { due }] of kinds) tell(due, { kind });
  });
  return looking(
    async (ctx) => {
      const rows = await database.query<Row>(
        ctx,
        (sql) => sql<Row[]>`
          select kind, count(*)::int8 as waiting,
                 (count(*) filter (where due_at <= now() - ${MARGIN_MS}::int8 * interval '1 millisecond'))::int8 as due
          from deadlines
          group by kind`,
      );
      const found = new Map(rows.map((row) => [row.kind, row]));
      for (const kind of [...kinds.keys(), ...found.keys()]) {
        const row = found.get(kind);
        kinds.set(kind, { waiting: Number(row?.waiting ?? 0), due: Number(row?.due ?? 0) });
      }
    },
    { name: 'waiting deadlines', everyMs: lookMs, logger },
  );
}
