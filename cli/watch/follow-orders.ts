import { setTimeout as sleep } from 'node:timers/promises';
import { ORDER_AGGREGATE, orderAggregate } from '../../shared/contracts/subjects.ts';
import type { EventStore, RecordedEvent } from '../../shared/eventstore/event-store.ts';
import { type Context, withSignal } from '../../shared/kit/context.ts';
import { codedError } from '../../shared/kit/errors.ts';
import type { OrderBoard, OrderChange } from './order-board.ts';

export interface FollowOptions {
  readonly store: Pick<EventStore, 'batches' | 'readAggregate'>;
  readonly board: OrderBoard;
  /** Only what comes after this position. */
  readonly after: bigint;
  /** Called for each change, in the order of the log; the next one waits for it. */
  readonly onChange: (change: OrderChange) => void | Promise<void>;
  /** Called when the event store goes away, and when it is back. */
  readonly onAway?: (away: boolean) => void;
  /** Aborting it ends the following. */
  readonly signal: AbortSignal;
}

const FIRST_DELAY_MS = 250;
const MAX_DELAY_MS = 4_000;
/** A restart of the event store takes less than these together, some half a minute. */
const ATTEMPTS = 12;

/**
 * Follows the log until `signal` is aborted. An event store that goes away is asked again for
 * half a minute; then, and for any other error, it rejects with that error.
 */
export async function followOrders(ctx: Context, options: FollowOptions): Promise<void> {
  const { store, board, onChange, onAway = () => {}, signal } = options;
  const following = withSignal(ctx, signal);
  let place = options.after;
  let failures = 0;
  while (!signal.aborted) {
    try {
      const batches = await store.batches(following, {
        afterPosition: place,
        aggregateType: ORDER_AGGREGATE,
        follow: true,
      });
      for await (const batch of batches) {
        if (failures > 0) onAway(false);
        failures = 0;
        await fillIn(following, store, board, batch);
        for (const event of batch) {
          await onChange(board.meet(event));
          place = event.position;
        }
      }
    } catch (error) {
      if (signal.aborted) return;
      const { kind } = codedError(error);
      if ((kind !== 'unavailable' && kind !== 'timeout') || ++failures > ATTEMPTS) throw error;
      onAway(true);
      const wait = Math.min(MAX_DELAY_MS, FIRST_DELAY_MS * 2 ** (failures - 1));
      await sleep(wait * (0.5 + Math.random() / 2), undefined, { signal }).catch(() => {});
    }
  }
}

/** Reads what came before of the orders that are met in the middle; the client asks for all in one call. */
async function fillIn(
  ctx: Context,
  store: Pick<EventStore, 'readAggregate'>,
  board: OrderBoard,
  batch: readonly RecordedEvent[],
): Promise<void> {
  const firsts = new Map<string, RecordedEvent>();
  for (const event of batch) {
    if (!firsts.has(event.aggregateId)) firsts.set(event.aggregateId, event);
  }
  const begun = [...firsts.values()].filter(
    ({ aggregateId, version }) => version > 1n && !board.knows(aggregateId),
  );
  const histories = await Promise.all(
    begun.map(({ aggregateId }) => store.readAggregate(ctx, orderAggregate(aggregateId))),
  );
  for (const [n, history] of histories.entries()) {
    for (const event of history) {
      if (event.version < (begun[n]?.version ?? 0n)) board.meet(event);
    }
  }
}
