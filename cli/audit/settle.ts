import { setTimeout as sleep } from 'node:timers/promises';
import type { OrderEventCodec } from '../../shared/contracts/events.ts';
import { orderAggregate } from '../../shared/contracts/subjects.ts';
import { needsVoid, orderDecider } from '../../shared/domain/order.ts';
import { foldRecorded } from '../../shared/eventstore/command-handler.ts';
import type { Context } from '../../shared/kit/context.ts';
import type { Repair } from './repairs.ts';
import type { AuditSources } from './sources.ts';

const LOOK_EVERY_MS = 200;
/** If nothing has moved for this long, waiting longer is useless. */
const PATIENCE_MS = 15_000;

/**
 * Resolves when the services have finished what the repairs started: the copies are at the
 * log's head, and missing voids are answered; or when nothing has moved for a while, which
 * the next audit reports.
 */
export async function settled(
  ctx: Context,
  { log, published, readModel }: Pick<AuditSources, 'log' | 'published' | 'readModel'>,
  repairs: readonly Repair[],
  codec: OrderEventCodec,
): Promise<void> {
  const owed = new Set(repairs.flatMap((one) => (one.what === 'void' ? [one.orderId] : [])));
  const copies = repairs.some(({ what }) => what !== 'void' && what !== 'deadlines');
  let last = '';
  for (let movedAt = performance.now(); performance.now() - movedAt < PATIENCE_MS; ) {
    for (const orderId of owed) if (!(await isOwed(orderId))) owed.delete(orderId);
    const head = await log.head(ctx);
    const [stream, rows] = copies ? await places() : [head, head];
    if (owed.size === 0 && stream >= head && rows >= head) return;
    const now = `${owed.size} ${stream} ${rows}`;
    if (now !== last) movedAt = performance.now();
    last = now;
    await sleep(LOOK_EVERY_MS);
  }

  /** What cannot be read counts as unchanged. */
  async function places(): Promise<readonly [bigint, bigint]> {
    const none = () => 0n;
    return Promise.all([published.last().catch(none), readModel.checkpoint(ctx).catch(none)]);
  }

  async function isOwed(orderId: string): Promise<boolean> {
    const state = foldRecorded(
      orderDecider,
      codec,
      await log.readAggregate(ctx, orderAggregate(orderId)),
    );
    return needsVoid(state) || state.payment === 'void_requested';
  }
}
