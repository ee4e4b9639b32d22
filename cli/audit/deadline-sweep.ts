/** Compares the coordinator's deadlines with what the log's orders wait for. */

import type { DeadlineTimes } from '../../services/sagacoordinator/saga/order-deadlines.ts';
import { orderProcess } from '../../services/sagacoordinator/saga/order-process.ts';
import { awaited } from '../../services/sagacoordinator/saga/saga.ts';
import type { OrderEventCodec } from '../../shared/contracts/events.ts';
import { durables, orderAggregate } from '../../shared/contracts/subjects.ts';
import type { RecordedEvent } from '../../shared/eventstore/event-store.ts';
import type { Context } from '../../shared/kit/context.ts';
import { owedDeadlines } from '../../shared/process-manager/rebuild.ts';
import { deadlineProblems } from './deadline-rows.ts';
import type { Trails } from './log-sweep.ts';
import { type OrderTrail, type Patience, timesOf } from './order-trail.ts';
import { counting, type Progress } from './progress.ts';
import type { Findings } from './report.ts';
import type { AuditSources, StoredDeadline } from './sources.ts';
import { createSuspects } from './suspects.ts';

export interface DeadlineSweep {
  readonly trails: Trails;
  readonly inPass: (orderId: string) => boolean;
  readonly codec: OrderEventCodec;
  readonly patience: Patience;
  readonly findings: Findings;
  readonly onProgress: Progress;
  readonly sums: { readonly deadlines: { set: number; notCompared: number } };
}

/** Finds the orders whose deadlines differ from the log's. */
export async function sweepDeadlines(
  ctx: Context,
  sources: Pick<AuditSources, 'log' | 'places' | 'deadlines'>,
  {
    trails,
    inPass,
    codec,
    patience,
    findings,
    onProgress,
    sums: { deadlines: sums },
  }: DeadlineSweep,
): Promise<void> {
  const suspects = createSuspects();
  const times = timesOf(patience);
  const asWanted = new Set<string>();
  const progress = counting((rows) => onProgress('deadlines', rows));
  for await (const row of sources.deadlines.rows(ctx)) {
    progress();
    if (!inPass(row.orderId)) continue;
    sums.set++;
    const trail = trails.get(row.orderId);
    if (trail !== undefined && isUsual(row, trail, times)) asWanted.add(row.orderId);
    else suspects.add(row.orderId, trail === undefined);
  }
  for (const [orderId, { row }] of trails) {
    if (row !== undefined && awaited(row).length > 0 && !asWanted.has(orderId)) {
      suspects.add(orderId, true);
    }
  }
  for (const orderId of new Set(suspects.listed())) {
    for (const problem of await lookAgain(ctx, sources, orderId, { codec, patience })) {
      findings.add('deadlines', `order ${orderId} ${problem}`, {
        orderId,
        repair: { what: 'deadlines', orderId },
      });
    }
  }
  sums.notCompared += suspects.dropped;
}

/** Nearly all are, and need no second check. */
function isUsual(row: StoredDeadline, trail: OrderTrail, times: DeadlineTimes): boolean {
  const [kind, ...more] = trail.row === undefined ? [] : awaited(trail.row);
  if (kind !== row.kind || kind === 'void' || more.length > 0) return false;
  const waitMs = times[kind];
  return (
    row.causedBy === trail.statusCause &&
    row.position === trail.followed &&
    row.dueAt.getTime() === trail.statusSince + waitMs &&
    row.ceilingAt?.getTime() === trail.statusSince + Math.max(waitMs, times.ceiling)
  );
}

/**
 * One order alone: how far the coordinator is, is read before the rows, which are
 * read before the log. So the rows have all up to there, and an order that the
 * log does not move beyond it has exactly the deadlines that it should.
 */
async function lookAgain(
  ctx: Context,
  { log, places, deadlines }: Pick<AuditSources, 'log' | 'places' | 'deadlines'>,
  orderId: string,
  { codec, patience }: { readonly codec: OrderEventCodec; readonly patience: Patience },
): Promise<readonly string[]> {
  const done = await places.doneBy(ctx, durables.saga);
  const rows = await deadlines.of(ctx, orderId);
  const readAt = Date.now();
  const events = await log.readAggregate(ctx, orderAggregate(orderId));
  const owed = owedDeadlines(orderProcess(timesOf(patience), codec), orderId, events);
  if (owed.owesCommand || !isThere(owed.followed, done, readAt - patience.graceMs)) return [];
  return deadlineProblems({
    owed: owed.deadlines,
    rows,
    events,
    times: timesOf(patience),
    readAt,
    patience,
  });
}

/** The coordinator has finished it, or should have. */
const isThere = (event: RecordedEvent | undefined, done: bigint, longAgo: number): boolean =>
  event === undefined || event.position <= done || event.createdAt.getTime() < longAgo;
