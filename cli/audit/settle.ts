import { setTimeout as sleep } from 'node:timers/promises';
import type { OrderEventCodec } from '../../shared/contracts/events.ts';
import { orderAggregate } from '../../shared/contracts/subjects.ts';
import { needsVoid, orderDecider } from '../../shared/domain/order.ts';
import { foldRecorded } from '../../shared/eventstore/command-handler.ts';
import type { Context } from '../../shared/kit/context.ts';
import type { Repair } from './repairs.ts';
import type { AuditSources } from './sources.ts';

const LOOK_EVERY_MS = 200;
/** Without any of it moving for so long, waiting longer is of no use. */
const PATIENCE_MS = 15_000;

/**
 * Resolves when what the repairs set going has been done by the services: the
 * copies are at the log's head, and voids that were owed are answered; or when
 * nothing of it has moved for a while, of which the next audit tells.
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

  /** What cannot be asked counts as standing still. */
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
