/** Compares the read model's rows with what the log folds to. */
import { comparedColumns, type OrderRow } from '../../services/querymodelworker/table/order-row.ts';
import type { OrderEventCodec } from '../../shared/contracts/events.ts';
import { orderAggregate } from '../../shared/contracts/subjects.ts';
import type { Context } from '../../shared/kit/context.ts';
import type { Trails } from './log-sweep.ts';
import { digested, follow, newTrail } from './order-trail.ts';
import { counting, type Progress } from './progress.ts';
import type { Findings } from './report.ts';
import type { AuditSources } from './sources.ts';
import { createSuspects } from './suspects.ts';

export interface ReadModelSweep {
  readonly trails: Trails;
  /** The read model's position before its rows were read. */
  readonly checkpoint: bigint;
  readonly inPass: (orderId: string) => boolean;
  readonly codec: OrderEventCodec;
  readonly findings: Findings;
  readonly onProgress: Progress;
  readonly sums: { readonly readModel: { compared: number; notCompared: number } };
}

/** Compares each row with its order, and finds the orders without a row. */
export async function sweepReadModel(
  ctx: Context,
  sources: Pick<AuditSources, 'log' | 'readModel'>,
  { trails, checkpoint, inPass, codec, findings, onProgress, sums }: ReadModelSweep,
): Promise<void> {
  const suspects = createSuspects();
  const progress = counting((rows) => onProgress('read model', rows));
  for await (const row of sources.readModel.rows(ctx)) {
    progress();
    if (!inPass(row.orderId)) continue;
    const trail = trails.get(row.orderId);
    if (trail !== undefined) trail.shown = true;
    const expected = trail?.row;
    if (expected?.version !== row.version) {
      suspects.add(row.orderId, expected !== undefined && expected.position <= checkpoint);
      continue;
    }
    sums.readModel.compared++;
    report(row.orderId, { problem: difference(digested(row), expected) });
  }
  for (const [orderId, { row, shown }] of trails) {
    if (row !== undefined && !shown) suspects.add(orderId, row.position <= checkpoint);
  }
  for (const orderId of suspects.listed()) {
    sums.readModel.compared++;
    report(orderId, await lookAgain(ctx, sources, orderId, codec));
  }
  sums.readModel.notCompared += suspects.dropped;

  function report(orderId: string, { problem, beyond = false }: Look): void {
    if (problem === undefined) return;
    findings.add('read model', `order ${orderId} ${problem}`, {
      orderId,
      // This may be the last trace of what the log has lost.
      fault: beyond ? 'differs' : 'wrong',
      repair: { what: 'row', orderId },
    });
  }
}

/** What is wrong with an order's row, if anything. */
interface Look {
  readonly problem: string | undefined;
  /** The row's position is beyond the end of the log. */
  readonly beyond?: boolean;
}

/**
 * Checks one order: reads the checkpoint before the row, and the row before the log. So the
 * row includes everything up to that checkpoint, and the log everything in the row.
 */
async function lookAgain(
  ctx: Context,
  { log, readModel }: Pick<AuditSources, 'log' | 'readModel'>,
  orderId: string,
  codec: OrderEventCodec,
): Promise<Look> {
  const checkpoint = (await readModel.place(ctx))?.position ?? 0n;
  const row = await readModel.row(ctx, orderId);
  const trail = newTrail();
  const reached = row?.version ?? 0n;
  let expected: OrderRow | undefined;
  let lacks: OrderRow | undefined;
  for (const event of await log.readAggregate(ctx, orderAggregate(orderId))) {
    follow(trail, event, codec, () => undefined);
    if (trail.row?.version !== event.version) continue;
    if (event.version <= reached) expected = trail.row;
    else lacks ??= trail.row;
  }
  if (lacks !== undefined && lacks.position <= checkpoint) {
    const problem =
      row === undefined
        ? `has no row, its events begin at position ${lacks.position}`
        : `stands at version ${reached}, version ${lacks.version} is at position ${lacks.position}`;
    return { problem };
  }
  if (row === undefined) return { problem: undefined };
  if (expected?.version === row.version) return { problem: difference(digested(row), expected) };
  const head = await log.head(ctx);
  if (row.position > head) {
    return {
      problem: `has a row of position ${row.position}, the log ends at ${head}`,
      beyond: true,
    };
  }
  return expected === undefined
    ? { problem: 'has a row, the log has no such order' }
    : { problem: difference(digested(row), expected) };
}

function difference(row: OrderRow, expected: OrderRow): string | undefined {
  const wrong = comparedColumns.filter((column) => row[column] !== expected[column]);
  if (wrong.length === 0) return undefined;
  return wrong
    .map((column) =>
      column === 'items'
        ? 'has other items than the log'
        : `has the ${column} ${row[column]}, the log ${expected[column]}`,
    )
    .join('; ');
}
