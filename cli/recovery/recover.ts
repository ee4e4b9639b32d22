/** Recovers the log's lost events, or gives them up, for an operator. */
import { once } from 'node:events';
import { createWriteStream } from 'node:fs';
import { finished } from 'node:stream/promises';
import type { OrderEventCodec } from '../../shared/contracts/events.ts';
import { orderAggregate } from '../../shared/contracts/subjects.ts';
import type { EventStore, RecordedEvent } from '../../shared/eventstore/event-store.ts';
import type { LogRecovery, LogStanding } from '../../shared/eventstore/log-recovery.ts';
import type { Context } from '../../shared/kit/context.ts';
import { CodedError } from '../../shared/kit/errors.ts';
import { type LostOrder, lostOrders, voidOf } from './lost-orders.ts';

export interface Looked {
  readonly standing: LogStanding;
  /** Events that only the stream has. */
  readonly lost: number;
  readonly gone: readonly LostOrder[];
  readonly setBack: readonly LostOrder[];
}

/** Called with the progress, for people. */
export type OnProgress = (text: string) => void;

/** The events that only the stream has. With `file`, writes each there as a line of JSON. */
export async function look(
  ctx: Context,
  recovery: LogRecovery,
  codec: OrderEventCodec,
  file?: string,
): Promise<Looked> {
  const standing = await recovery.standing(ctx);
  const orders = lostOrders(codec);
  const keeps = file !== undefined && (standing.kind === 'behind' || standing.kind === 'differs');
  // Never overwrites the file of an earlier attempt.
  const out = keeps ? createWriteStream(file, { flags: 'wx' }) : undefined;
  const written = out && finished(out);
  for await (const events of await recovery.lostEvents(ctx)) {
    orders.add(events);
    if (out && !out.write(`${events.map(asLine).join('\n')}\n`)) {
      await Promise.race([once(out, 'drain'), written]);
    }
  }
  out?.end();
  await written;
  return { standing, lost: orders.count(), gone: orders.gone(), setBack: orders.setBack() };
}

const asLine = ({ position, version, createdAt, ...event }: RecordedEvent): string =>
  JSON.stringify({
    position: `${position}`,
    version: `${version}`,
    created_at: createdAt.toISOString(),
    ...event,
  });

/**
 * Writes everything back; resolves with the number of events. Waits until the log accepts
 * events again.
 */
export async function recoverLog(
  ctx: Context,
  recovery: LogRecovery,
  onProgress: OnProgress,
): Promise<bigint> {
  const { head, streamLast } = await recovery.standing(ctx);
  let last = head;
  for await (const position of await recovery.recover(ctx)) {
    last = position;
    onProgress(`${last - head} of ${streamLast - head} events are in the log again`);
  }
  await untilFollows(ctx, recovery);
  return last - head;
}

/** Voids requested per call. */
const VOIDS_AT_ONCE = 100;

/**
 * Gives up what was examined: requests the void of every order that is gone, sets consumers
 * back before the first event of every order that goes back, and recreates the stream from
 * the log. May be called again.
 */
export async function giveUp(
  ctx: Context,
  recovery: LogRecovery,
  store: EventStore,
  codec: OrderEventCodec,
  looked: Looked,
  onProgress: OnProgress,
): Promise<void> {
  const { agreed, streamLast } = looked.standing;
  const voids = looked.gone.map((order) => voidOf(codec, order));
  for (let from = 0; from < voids.length; from += VOIDS_AT_ONCE) {
    const events = voids.slice(from, from + VOIDS_AT_ONCE);
    await recovery.giveUp(ctx, { agreed, streamLast, events });
    onProgress(`${from + events.length} of ${voids.length} voids are requested`);
  }
  let resumeAfter = agreed;
  for (const { orderId } of looked.setBack) {
    const [first] = await store.readAggregate(ctx, orderAggregate(orderId));
    if (first !== undefined && first.position <= resumeAfter) resumeAfter = first.position - 1n;
  }
  await recovery.discard(ctx, { agreed, streamLast, resumeAfter });
  await untilFollows(ctx, recovery);
}

const FOLLOWS_MS = 30_000;

async function untilFollows(ctx: Context, recovery: LogRecovery): Promise<void> {
  const deadline = performance.now() + FOLLOWS_MS;
  for (;;) {
    const { kind, why } = await recovery.standing(ctx);
    if (kind === 'follows') return;
    if (performance.now() < deadline) {
      await new Promise((resolve) => setTimeout(resolve, 200));
      continue;
    }
    throw new CodedError(
      'unavailable',
      'log_not_taken_up',
      `Done, but log and stream still differ: ${why}.`,
    );
  }
}
