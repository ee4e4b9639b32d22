import type { OrderEventCodec } from '../../shared/contracts/events.ts';
import { derivedId } from '../../shared/contracts/ids.ts';
import { durables, ORDER_AGGREGATE } from '../../shared/contracts/subjects.ts';
import { decide, type OrderCommand, type OrderState } from '../../shared/domain/order.ts';
import { createOrderCommandHandler } from '../../shared/eventstore/command-handler.ts';
import type { AggregateStore, RecordedEvent } from '../../shared/eventstore/event-store.ts';
import type { Context } from '../../shared/kit/context.ts';
import { type DeadlineTimes, deadlineSince, type UpcomingDeadline } from './deadlines.ts';
import type { DeadlineChange, DeadlineWrites } from './grouped-writes.ts';
import { react, type SagaCommand, type Standing, type Trigger } from './saga.ts';
import { foldStanding, standingAfter } from './standing.ts';

/** What was appended; `nothing` where there was nothing to append (any more). */
export type SagaOutcome = 'cancelled' | 'void requested' | 'nothing';

/** Sees to it that every order ends, and that money is given back where it must be. */
export interface SagaService {
  /**
   * An order's event was read: asks for the void where one is due, and sets and
   * clears the order's deadlines. May be called again, late, and out of order.
   */
  follow(ctx: Context, event: RecordedEvent): Promise<SagaOutcome>;
  /**
   * A deadline came due: cancels the order if it still stands where the
   * deadline says, and then removes the deadline. May be called again, by
   * several processes at once: the order is cancelled once.
   *
   * Both reject with what the event store and the deadlines' table reject with.
   */
  fire(ctx: Context, deadline: UpcomingDeadline): Promise<SagaOutcome>;
}

/** Who the events say decided; also the handler in the ids of its events. Frozen. */
const DECIDED_BY = durables.saga;

export function createSagaService(
  store: AggregateStore,
  writes: DeadlineWrites,
  times: DeadlineTimes,
  codec: OrderEventCodec,
): SagaService {
  const orders = createOrderCommandHandler(store, codec);

  /** Appends what `trigger` comes to, by the order's state as it is now. */
  async function act(
    ctx: Context,
    orderId: string,
    trigger: Trigger,
  ): Promise<{ readonly state: OrderState; readonly outcome: SagaOutcome }> {
    let eventId = '';
    const { state, decision } = await orders.handle(ctx, {
      orderId,
      kind: 'decision',
      decide: (seen) => {
        const command = orderCommand(react(seen, trigger));
        if (command === undefined) return { accepted: true, events: [] };
        eventId = derivedId(DECIDED_BY, orderId, purposeOf(command, trigger));
        return decide(command, seen);
      },
      eventId: () => eventId,
    });
    const [event] = decision.accepted ? decision.events : [];
    if (event?.type === 'cancelled') return { state, outcome: 'cancelled' };
    return { state, outcome: event?.type === 'voidrequested' ? 'void requested' : 'nothing' };
  }

  async function write(change: DeadlineChange): Promise<void> {
    if (change.put.length + change.remove.length > 0) await writes.write(change);
  }

  return {
    async follow(ctx, event) {
      const orderId = event.aggregateId;
      const usual = standingAfter(event);
      if (usual !== undefined) {
        await write(deadlineChange(orderId, usual, event, times));
        return 'nothing';
      }
      const { state, outcome } = await act(ctx, orderId, { type: 'event' });
      const change = await changeFor(ctx, orderId, state);
      await write(change);
      return outcome;
    },

    async fire(ctx, { orderId, kind }) {
      const trigger: Trigger = { type: 'deadline', kind };
      const { state, outcome } = await act(ctx, orderId, trigger);
      await write({ put: [], remove: clearedBy(orderId, react(state, trigger)) });
      return outcome;
    },
  };

  /** An order that still waits is read once more, for since when it does. */
  async function changeFor(
    ctx: Context,
    orderId: string,
    state: OrderState,
  ): Promise<DeadlineChange> {
    const waits = react(state, { type: 'event' }).some(({ type }) => type === 'setDeadline');
    if (!waits) return deadlineChange(orderId, state, undefined, times);
    const folded = foldStanding(codec, await store.readAggregate(ctx, ORDER_AGGREGATE, orderId));
    return deadlineChange(orderId, folded.state, folded.since, times);
  }
}

/**
 * What becomes of the deadlines of an order that stands at `order`. `since`: the
 * event that brought it there, needed where the order waits.
 */
export function deadlineChange(
  orderId: string,
  order: Standing,
  since: RecordedEvent | undefined,
  times: DeadlineTimes,
): DeadlineChange {
  const commands = react(order, { type: 'event' });
  const put = commands.flatMap((command) =>
    command.type === 'setDeadline' && since !== undefined
      ? [deadlineSince(since, command.kind, times)]
      : [],
  );
  return { put, remove: clearedBy(orderId, commands) };
}

function clearedBy(orderId: string, commands: readonly SagaCommand[]): DeadlineChange['remove'] {
  return commands.flatMap((command) =>
    command.type === 'clearDeadlines' ? command.kinds.map((kind) => ({ orderId, kind })) : [],
  );
}

/** The command to the order among `commands`; there is at most one. */
function orderCommand(commands: readonly SagaCommand[]): OrderCommand | undefined {
  for (const command of commands) {
    if (command.type === 'requestVoid') return command;
    if (command.type === 'cancel') return { ...command, decidedBy: DECIDED_BY };
  }
  return undefined;
}

/** Frozen: the log knows these events by ids made of it. */
function purposeOf(command: OrderCommand, trigger: Trigger): string {
  return command.type === 'cancel' && trigger.type === 'deadline'
    ? `deadline:${trigger.kind}`
    : 'void';
}
