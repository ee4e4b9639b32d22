/**
 * The promises that all books agree, checked while everything runs: every order
 * in the log ends in time, the stream is the log, the read model is what the log
 * folds to, and the ledger took and gave back what the log says.
 *
 * What is under way is no error. Each copy is judged against a log that is read
 * after it, and whatever differs in the sweep is looked at once more, alone, in
 * the order that makes the comparison exact. A copy may be behind for as long as
 * the grace; one that lacks an older event is dead or does not keep up, and is wrong.
 */
import type { OrderEventCodec } from '../../shared/contracts/events.ts';
import type { Context } from '../../shared/kit/context.ts';
import { sweepLedger } from './ledger-sweep.ts';
import { sweepLog } from './log-sweep.ts';
import type { Patience } from './order-trail.ts';
import { sweepReadModel } from './read-model-sweep.ts';
import { type AuditReport, createFindings } from './report.ts';
import type { AuditSources } from './sources.ts';

export interface AuditOptions {
  readonly codec: OrderEventCodec;
  readonly patience: Patience;
  /** Events whose orders are held in memory at once; the log is read as often as needed. */
  readonly eventsPerPass?: number;
}

/** About 150 MB of orders. */
const EVENTS_PER_PASS = 500_000;

/**
 * Compares the four books up to the log's head of now. Changes nothing and may be
 * called again. Needs memory for `eventsPerPass` events, however long the log is.
 * Rejects with what a book that cannot be read rejects with.
 */
export async function audit(
  ctx: Context,
  sources: AuditSources,
  { codec, patience, eventsPerPass = EVENTS_PER_PASS }: AuditOptions,
): Promise<AuditReport> {
  const findings = createFindings();
  // The head first: what the copies have beyond it is left for the next audit.
  const head = await sources.log.head(ctx);
  const published = await sources.published.last();
  const checkpoint = await sources.readModel.checkpoint(ctx);
  const copiesReadAt = Date.now();
  const headNow = published > head || checkpoint > head ? await sources.log.head(ctx) : head;
  if (published > headNow) {
    findings.add('stream', `it is at ${published}, ahead of the log at ${headNow}`);
  }
  if (checkpoint > headNow) {
    findings.add('read model', `it is at ${checkpoint}, ahead of the log at ${headNow}`);
  }

  const sums = {
    log: { events: 0, unreadable: 0 },
    orders: { accepted: 0, ended: 0, open: 0, stuck: 0, amount: 0n },
    readModel: { compared: 0, notCompared: 0 },
    ledger: { lines: 0, debited: 0n, voided: 0n, approved: 0n, notCompared: 0 },
  };
  const passes = Math.max(1, Math.ceil(Number(head) / eventsPerPass));
  for (let pass = 0; pass < passes; pass++) {
    const inPass = (id: string) => hash(id) % passes === pass;
    const trails = await sweepLog(ctx, sources, {
      head,
      // The stream is compared once.
      published: pass === 0 ? (published < head ? published : head) : 0n,
      inPass,
      isFirst: pass === 0,
      copies: { stream: published, 'read model': checkpoint, readAt: copiesReadAt },
      codec,
      patience,
      findings,
      sums,
    });
    await sweepReadModel(ctx, sources, { trails, checkpoint, inPass, codec, findings, sums });
    await sweepLedger(ctx, sources, { trails, inPass, codec, findings, sums });
  }

  const behind = (position: bigint) => (position < head ? head - position : 0n);
  const kept = sums.ledger.debited - sums.ledger.voided;
  return {
    log: { head, ...sums.log },
    orders: sums.orders,
    stream: { published, behind: behind(published) },
    readModel: { checkpoint, behind: behind(checkpoint), ...sums.readModel },
    ledger: { ...sums.ledger, kept, underWay: kept - sums.ledger.approved },
    discrepancyCount: findings.count,
    discrepancies: findings.listed,
  };
}

/** FNV-1a: spreads ids evenly, whoever made them. */
function hash(text: string): number {
  let value = 0x811c9dc5;
  for (let i = 0; i < text.length; i++) {
    value = Math.imul(value ^ text.charCodeAt(i), 0x01000193) >>> 0;
  }
  return value;
}
