import type { OrderEventCodec } from '../../shared/contracts/events.ts';
import type { OrderEvent } from '../../shared/domain/order.ts';
import type { AggregateStore, RecordedEvent } from '../../shared/eventstore/event-store.ts';
import type { UsualCase } from '../../shared/kit/batch/followed-batch.ts';
import type { Context } from '../../shared/kit/context.ts';
import type { UpcomingDeadline } from '../../shared/process-manager/deadlines.ts';
import type { GatheredWrites } from '../../shared/process-manager/gathered-writes.ts';
import { type Done, processManager } from '../../shared/process-manager/process-manager.ts';
import { usualCase } from '../../shared/process-manager/usual-case.ts';
import type { DeadlineTimes } from './saga/order-deadlines.ts';
import { orderProcess } from './saga/order-process.ts';
import type { DeadlineKind, SagaCommand } from './saga/saga.ts';

/** The event that was appended; `nothing`: none was needed (any more). */
export type SagaOutcome = 'cancelled' | 'void requested' | 'void requested again' | 'nothing';

/** Makes sure that every order ends, and that money is given back if it must be. */
export interface SagaService {
  /**
   * Handles an order's event: requests a void if one is needed, and sets and clears the
   * order's deadlines. May be called again, late, and out of order.
   */
  follow(ctx: Context, event: RecordedEvent): Promise<SagaOutcome>;
  /** Takes the events that leave nothing to do but to set and clear deadlines, which may wait a moment. */
  readonly followUsual: UsualCase<RecordedEvent>;
  /**
   * Handles a due deadline: cancels the order if it is still in the deadline's state, and
   * then removes the deadline. May be called again, and by several processes at once: the
   * order is cancelled once. The deadline of a void requests it again and is set again;
   * the wait doubles each time.
   *
   * This and `follow` reject as the event store and the table of deadlines do.
   */
  fire(ctx: Context, deadline: UpcomingDeadline<DeadlineKind>): Promise<SagaOutcome>;
}

export function createSagaService(
  store: AggregateStore,
  writes: GatheredWrites<DeadlineKind>,
  times: DeadlineTimes,
  codec: OrderEventCodec,
): SagaService {
  const process = orderProcess(times, codec);
  const orders = processManager(process, store, writes);
  return {
    follow: async (ctx, event) => outcomeOf(await orders.follow(ctx, event)),
    followUsual: usualCase(process, writes),
    fire: async (ctx, deadline) => outcomeOf(await orders.fire(ctx, deadline)),
  };
}

function outcomeOf({ command, events: [event] }: Done<SagaCommand, OrderEvent>): SagaOutcome {
  if (event?.type === 'cancelled') return 'cancelled';
  if (event?.type !== 'voidrequested') return 'nothing';
  const again = command?.type === 'requestVoid' && command.again === true;
  return again ? 'void requested again' : 'void requested';
}
