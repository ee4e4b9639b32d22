/**
 * The promises that all books agree, checked while everything runs: every order
 * in the log ends in time, the stream is the log, the read model is what the log
 * folds to, the ledger debited and voided what the log says, every wait has a
 * deadline, and each consumer is at a place that the log has.
 *
 * What is under way is no error. Each copy is judged against a log that is read
 * after it, and whatever differs in the sweep is looked at once more, alone, in
 * the order that makes the comparison exact. A copy may be behind for as long as
 * the grace; one that lacks an older event is dead or does not keep up, and is wrong.
 *
 * A book that nobody answers for is told as unread; the log alone must be there.
 */
import type { OrderEventCodec } from '../../shared/contracts/events.ts';
import { READ_MODEL } from '../../shared/contracts/subjects.ts';
import type { ParkedLetter } from '../../shared/eventstore/dead-letters.ts';
import type { Context } from '../../shared/kit/context.ts';
import { type Place, sweepCheckpoints } from './checkpoint-sweep.ts';
import { sweepDeadlines } from './deadline-sweep.ts';
import { createUnreadables, sweepFailures } from './failure-sweep.ts';
import { sweepLedger } from './ledger-sweep.ts';
import { sweepLetters } from './letters.ts';
import { sweepLog, type Trails } from './log-sweep.ts';
import type { Patience } from './order-trail.ts';
import type { Progress } from './progress.ts';
import { sweepReadModel } from './read-model-sweep.ts';
import { reading } from './reading.ts';
import { type AuditReport, createFindings, type Findings } from './report.ts';
import type { AuditSources } from './sources.ts';

export interface AuditOptions {
  readonly codec: OrderEventCodec;
  readonly patience: Patience;
  /** Events whose orders are held in memory at once; the log is read as often as needed. */
  readonly eventsPerPass?: number;
  /** Called often with what is being read. */
  readonly onProgress?: Progress;
}

/** About 200 MB of orders. */
const EVENTS_PER_PASS = 500_000;

/**
 * Compares the books up to the log's current head. Changes nothing and may be called again.
 * Needs memory for `eventsPerPass` events, however long the log is. Rejects with the log's
 * errors.
 */
export async function audit(
  ctx: Context,
  sources: AuditSources,
  { codec, patience, eventsPerPass = EVENTS_PER_PASS, onProgress = () => undefined }: AuditOptions,
): Promise<AuditReport> {
  const findings = createFindings();
  // The head first: the next audit checks what the copies have beyond it.
  const head = await sources.log.head(ctx);
  const copies = await lookAtCopies(ctx, sources, head, findings);
  const { published, checkpoint, logEnds } = copies;
  const letters = sweepLetters(await lettersOf(ctx, sources.log), patience.graceMs, findings);
  const places = await sources.places.list(ctx);
  const checkpoints = sweepCheckpoints([...places, ...copies.projection], findings);
  const placesReadAt = await sources.log.head(ctx);
  const unreadable = createUnreadables();

  const sums = {
    log: { events: 0, unreadable: 0 },
    orders: { accepted: 0, ended: 0, open: 0, stuck: 0, amount: 0n },
    readModel: { compared: 0, notCompared: 0 },
    ledger: { lines: 0, debited: 0n, voided: 0n, approved: 0n, notCompared: 0 },
    deadlines: { set: 0, notCompared: 0 },
  };
  const passes = Math.max(1, Math.ceil(Number(head) / eventsPerPass));
  for (let pass = 0; pass < passes; pass++) {
    const inPass = (id: string) => hash(id) % passes === pass;
    const trails = await sweepLog(ctx, sources, {
      head,
      logEnds,
      inPass,
      isFirst: pass === 0,
      copies: { stream: published, 'read model': checkpoint, readAt: copies.readAt },
      codec,
      patience,
      findings,
      onEvent: (event) => {
        letters.meet(event);
        checkpoints.meet(event);
      },
      onUnreadable: unreadable.add,
      onProgress: (events) =>
        onProgress('log', pass * Number(head) + events, passes * Number(head)),
      sums,
    });
    await sweepTables(trails, inPass);
  }
  letters.end(head);
  checkpoints.end(head, placesReadAt);
  const failures = await reading(findings, 'read model', async () => {
    if (checkpoint === undefined) return 0;
    const upTo = checkpoint < head ? checkpoint : head;
    const now = await sources.log.head(ctx);
    return sweepFailures(ctx, sources.readModel, { unreadable, upTo, head: now, findings });
  });

  const behind = (position = 0n) => (position < head ? head - position : 0n);
  const kept = sums.ledger.debited - sums.ledger.voided;
  return {
    log: { head, ...sums.log },
    orders: sums.orders,
    stream: { published: published ?? 0n, behind: behind(published) },
    readModel: {
      checkpoint: checkpoint ?? 0n,
      behind: behind(checkpoint),
      ...sums.readModel,
      failures: failures ?? 0,
    },
    ledger: { ...sums.ledger, kept, underWay: kept - sums.ledger.approved },
    deadlines: sums.deadlines,
    checkpoints: { compared: checkpoints.compared },
    deadLetters: { parked: letters.parked },
    ...findings.result,
  };

  async function sweepTables(trails: Trails, inPass: (id: string) => boolean): Promise<void> {
    const common = { trails, inPass, codec, patience, findings, sums, onProgress };
    if (checkpoint !== undefined) {
      await reading(findings, 'read model', () =>
        sweepReadModel(ctx, sources, { ...common, checkpoint }),
      );
    }
    await reading(findings, 'ledger', () => sweepLedger(ctx, sources, common));
    await reading(findings, 'deadlines', () => sweepDeadlines(ctx, sources, common));
  }
}

/**
 * The copies' positions, and where the log ended after that; undefined if one could not be
 * read.
 */
interface Looked {
  readonly published: bigint | undefined;
  readonly checkpoint: bigint | undefined;
  /** The projection's place; empty if there is none. */
  readonly projection: readonly Place[];
  readonly readAt: number;
  readonly logEnds: bigint;
}

async function lookAtCopies(
  ctx: Context,
  sources: AuditSources,
  head: bigint,
  findings: Findings,
): Promise<Looked> {
  const published = await reading(findings, 'stream', () => sources.published.last());
  const place = await reading(findings, 'read model', async () => ({
    of: await sources.readModel.place(ctx),
  }));
  const checkpoint = place?.of?.position;
  const readAt = Date.now();
  const ahead = (position = 0n, than: bigint) => position > than;
  const logEnds =
    ahead(published, head) || ahead(checkpoint, head) ? await sources.log.head(ctx) : head;
  if (ahead(published, logEnds)) {
    // Then only the stream has the log's end.
    findings.lostEnd();
    findings.add('stream', `it is at ${published}, ahead of the log at ${logEnds}`, {
      fault: 'differs',
    });
  }
  if (place !== undefined && place.of === undefined) {
    findings.add('checkpoints', 'the read model has none, so its projection is stuck');
  }
  const projection = place?.of === undefined ? [] : [{ consumer: READ_MODEL, ...place.of }];
  return { published, checkpoint, projection, readAt, logEnds };
}

/** Letters per page, and pages: a system with more has bigger problems. */
const LETTERS = 1_000;
const LETTER_PAGES = 20;

/** Parked letters, and those with a requested replay. */
async function lettersOf(ctx: Context, log: AuditSources['log']): Promise<readonly ParkedLetter[]> {
  const letters: ParkedLetter[] = [];
  for (const state of ['parked', 'requested'] as const) {
    let after: ParkedLetter | undefined;
    for (let page = 0; page < LETTER_PAGES; page++) {
      const filter = { state, ...(after !== undefined && { after }) };
      const found = await log.deadLetters(ctx, { ...filter, limit: LETTERS });
      letters.push(...found);
      after = found.at(-1);
      if (found.length < LETTERS) break;
    }
  }
  return letters;
}

/** FNV-1a: spreads ids evenly, whatever their form. */
function hash(text: string): number {
  let value = 0x811c9dc5;
  for (let i = 0; i < text.length; i++) {
    value = Math.imul(value ^ text.charCodeAt(i), 0x01000193) >>> 0;
  }
  return value;
}
