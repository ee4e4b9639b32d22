/** Compares the payment worker's ledger with the payments in the log. */
import type { OrderEventCodec } from '../../shared/contracts/events.ts';
import { orderAggregate } from '../../shared/contracts/subjects.ts';
import type { Context } from '../../shared/kit/context.ts';
import { lacking, unfounded } from './ledger-line.ts';
import type { Trails } from './log-sweep.ts';
import { follow, newTrail } from './order-trail.ts';
import { counting, type Progress } from './progress.ts';
import type { Findings } from './report.ts';
import type { AuditSources } from './sources.ts';
import { createSuspects } from './suspects.ts';

export interface LedgerSweep {
  readonly trails: Trails;
  readonly inPass: (orderId: string) => boolean;
  readonly codec: OrderEventCodec;
  readonly findings: Findings;
  readonly onProgress: Progress;
  readonly sums: {
    readonly ledger: {
      lines: number;
      debited: bigint;
      voided: bigint;
      approved: bigint;
      notCompared: number;
    };
  };
}

/** Compares each line with its order, finds the orders without a line, and computes the totals. */
export async function sweepLedger(
  ctx: Context,
  sources: Pick<AuditSources, 'log' | 'ledger'>,
  { trails, inPass, codec, findings, onProgress, sums: { ledger: sums } }: LedgerSweep,
): Promise<void> {
  const suspects = createSuspects();
  const progress = counting((rows) => onProgress('ledger', rows));
  for await (const line of sources.ledger.lines(ctx)) {
    progress();
    if (!inPass(line.orderId)) continue;
    sums.lines++;
    if (line.outcome === 'debited') {
      sums.debited += line.amount;
      if (line.voided) sums.voided += line.amount;
    }
    const trail = trails.get(line.orderId);
    if (trail !== undefined) trail.booked = true;
    const wrong =
      unfounded(trail, line) ?? (trail === undefined ? undefined : lacking(trail, line));
    if (wrong !== undefined) suspects.add(line.orderId, trail?.row !== undefined);
  }
  for (const [orderId, trail] of trails) {
    const { row, booked } = trail;
    if (row === undefined || row.status === 'None') continue;
    if (row.status === 'Approved' && row.payment === 'debited') sums.approved += row.amountMinor;
    if (!booked && lacking(trail, undefined) !== undefined) suspects.add(orderId, true);
  }
  for (const orderId of suspects.listed()) {
    const problem = await lookAgain(ctx, sources, orderId, codec);
    if (problem !== undefined) findings.add('ledger', `order ${orderId} ${problem}`, { orderId });
  }
  sums.notCompared += suspects.dropped;
}

/**
 * Checks one order: reads its line before and after the log, so that both comparisons are
 * exact.
 */
async function lookAgain(
  ctx: Context,
  { log, ledger }: Pick<AuditSources, 'log' | 'ledger'>,
  orderId: string,
  codec: OrderEventCodec,
): Promise<string | undefined> {
  const before = await ledger.line(ctx, orderId);
  const trail = newTrail();
  for (const event of await log.readAggregate(ctx, orderAggregate(orderId))) {
    follow(trail, event, codec, () => undefined);
  }
  const after = await ledger.line(ctx, orderId);
  const wrong = before === undefined ? undefined : unfounded(trail, before);
  return wrong ?? lacking(trail, after);
}
