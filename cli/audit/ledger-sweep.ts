/** The payment worker's ledger against what the log tells of payments. */
import type { OrderEventCodec } from '../../shared/contracts/events.ts';
import { ORDER_AGGREGATE } from '../../shared/contracts/subjects.ts';
import type { Context } from '../../shared/kit/context.ts';
import { lacking, unfounded } from './ledger-line.ts';
import type { Trails } from './log-sweep.ts';
import { follow, newTrail } from './order-trail.ts';
import type { Findings } from './report.ts';
import type { AuditSources } from './sources.ts';
import { createSuspects } from './suspects.ts';

export interface LedgerSweep {
  readonly trails: Trails;
  readonly inPass: (orderId: string) => boolean;
  readonly codec: OrderEventCodec;
  readonly findings: Findings;
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

/** Compares each line with its order, finds the orders without a line, and adds up. */
export async function sweepLedger(
  ctx: Context,
  sources: Pick<AuditSources, 'log' | 'ledger'>,
  { trails, inPass, codec, findings, sums: { ledger: sums } }: LedgerSweep,
): Promise<void> {
  const suspects = createSuspects();
  for await (const line of sources.ledger.lines(ctx)) {
    if (!inPass(line.orderId)) continue;
    sums.lines++;
    if (line.outcome === 'debited') {
      sums.debited += line.amount;
      if (line.voided) sums.voided += line.amount;
    }
    const trail = trails.get(line.orderId);
    if (trail !== undefined) trail.booked = true;
    const row = trail?.row;
    const debited = trail !== undefined && trail.debits > 0;
    const wrong =
      unfounded(row, line) ?? (row === undefined ? undefined : lacking(row, debited, line));
    if (wrong !== undefined) suspects.add(line.orderId, row !== undefined);
  }
  for (const [orderId, { row, debits, booked }] of trails) {
    if (row === undefined || row.status === 'None') continue;
    if (row.status === 'Approved' && row.payment === 'debited') sums.approved += row.amountMinor;
    if (!booked && lacking(row, debits > 0, undefined) !== undefined) suspects.add(orderId, true);
  }
  for (const orderId of suspects.listed()) {
    const problem = await lookAgain(ctx, sources, orderId, codec);
    if (problem !== undefined) findings.add('ledger', `order ${orderId} ${problem}`);
  }
  sums.notCompared += suspects.dropped;
}

/** One order alone: its line before the log and after it, so that both comparisons are exact. */
async function lookAgain(
  ctx: Context,
  { log, ledger }: Pick<AuditSources, 'log' | 'ledger'>,
  orderId: string,
  codec: OrderEventCodec,
): Promise<string | undefined> {
  const before = await ledger.line(ctx, orderId);
  const trail = newTrail();
  for (const event of await log.readAggregate(ctx, ORDER_AGGREGATE, orderId)) {
    follow(trail, event, codec, () => undefined);
  }
  const after = await ledger.line(ctx, orderId);
  const wrong = before === undefined ? undefined : unfounded(trail.row, before);
  if (wrong !== undefined || trail.row === undefined) return wrong;
  return lacking(trail.row, trail.debits > 0, after);
}
