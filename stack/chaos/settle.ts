import type { OrderEventCodec } from '../../shared/contracts/events.ts';
import { isOpen, orderDecider } from '../../shared/domain/order.ts';
import { foldRecorded } from '../../shared/eventstore/command-handler.ts';
import type { EventStore } from '../../shared/eventstore/event-store.ts';
import { background } from '../../shared/kit/context.ts';
import { until } from '../until.ts';
import { readHistories } from './books.ts';
import { type Histories, moneyIsDone } from './verdict.ts';

/** Longer than the longest deadline, twice, and what a queue takes. */
const SETTLES_MS = 90_000;
const LOOK_MS = 1_000;

/**
 * Waits until every order of the log has ended and its payment is settled, a minute and a
 * half at most, and resolves with the log.
 */
export async function settled(
  log: EventStore,
  codec: OrderEventCodec,
  signal: AbortSignal,
): Promise<Histories> {
  let histories: Histories = new Map();
  let head = -1n;
  const calm = async () => {
    const now = await log.head(background());
    if (now !== head) histories = await readHistories(log);
    const same = now === head;
    head = now;
    return (
      same &&
      [...histories.values()].every((events) => {
        const state = foldRecorded(orderDecider, codec, events);
        return state.details === undefined || (!isOpen(state) && moneyIsDone(state));
      })
    );
  };
  const waiting = { what: 'all orders have ended', deadlineMs: SETTLES_MS, everyMs: LOOK_MS };
  // The verdict names orders that have not ended.
  await until(calm, { ...waiting, signal }).catch(() => signal.throwIfAborted());
  return histories;
}
