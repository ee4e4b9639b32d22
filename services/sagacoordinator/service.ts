import type { OrderEventCodec } from '../../shared/contracts/events.ts';
import { derivedId } from '../../shared/contracts/ids.ts';
import { durables, ORDER_AGGREGATE, orderAggregate } from '../../shared/contracts/subjects.ts';
import { type OrderCommand, type OrderState, orderDecider } from '../../shared/domain/order.ts';
import { commandHandler } from '../../shared/eventstore/command-handler.ts';
import type { AggregateStore, RecordedEvent } from '../../shared/eventstore/event-store.ts';
import type { Context } from '../../shared/kit/context.ts';
import { deadlineSince } from '../../shared/process-manager/deadline-rules.ts';
import type { UpcomingDeadline } from '../../shared/process-manager/deadlines.ts';
import type {
  DeadlineChange,
  DeadlineWrites,
} from '../../shared/process-manager/grouped-writes.ts';
import { type DeadlineTimes, deadlineRules } from './saga/order-deadlines.ts';
import { awaited, type DeadlineKind, react, type SagaCommand, type Trigger } from './saga/saga.ts';
import { type Folded, foldedAfter, foldStanding, type Waits } from './saga/standing.ts';

/** What was appended; `nothing` where there was nothing to append (any more). */
export type SagaOutcome = 'cancelled' | 'void requested' | 'void requested again' | 'nothing';

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
   * several processes at once: the order is cancelled once. The deadline of a void
   * asks for it once more, and is set again; the wait doubles each time.
   *
   * Both reject with what the event store and the deadlines' table reject with.
   */
  fire(ctx: Context, deadline: UpcomingDeadline<DeadlineKind>): Promise<SagaOutcome>;
}

/** Who the events say decided; also the handler in the ids of its events. Frozen. */
const DECIDED_BY = durables.saga;

export function createSagaService(
  store: AggregateStore,
  writes: DeadlineWrites<DeadlineKind>,
  times: DeadlineTimes,
  codec: OrderEventCodec,
): SagaService {
  const orders = commandHandler({
    decider: orderDecider,
    codec,
    aggregateType: ORDER_AGGREGATE,
    store,
  });

  /**
   * Appends what `trigger` comes to, by the order's state as it is now.
   *
   * @param stale by its events, there is nothing to be done (any more)
   */
  async function act(
    ctx: Context,
    orderId: string,
    trigger: Trigger,
    stale: (folded: Folded) => boolean = () => false,
  ): Promise<{ readonly state: OrderState; readonly outcome: SagaOutcome }> {
    let eventId = '';
    let again = false;
    const { state, decision } = await orders.handle(ctx, {
      aggregateId: orderId,
      kind: 'decision',
      command: (seen, recorded) => {
        const command = orderCommand(orderId, react(seen, trigger));
        if (command === undefined) return undefined;
        const folded = foldStanding(codec, recorded);
        if (stale(folded)) return undefined;
        again = command.type === 'requestVoid' && command.again === true;
        const purpose = purposeOf(command, trigger, folded.voidsAsked);
        eventId = derivedId(DECIDED_BY, orderId, purpose);
        return command;
      },
      eventId: () => eventId,
    });
    const [event] = decision.accepted ? decision.events : [];
    if (event?.type === 'cancelled') return { state, outcome: 'cancelled' };
    if (event?.type !== 'voidrequested') return { state, outcome: 'nothing' };
    return { state, outcome: again ? 'void requested again' : 'void requested' };
  }

  async function write(change: DeadlineChange<DeadlineKind>): Promise<void> {
    if (change.put.length + change.remove.length > 0) await writes.write(change);
  }

  /** The order is read once more, for since when it waits for what. */
  async function writeAfresh(ctx: Context, orderId: string): Promise<void> {
    const folded = foldStanding(codec, await store.readAggregate(ctx, orderAggregate(orderId)));
    await write(deadlineChange(orderId, folded, times));
  }

  return {
    async follow(ctx, event) {
      const orderId = event.aggregateId;
      const usual = foldedAfter(event);
      if (usual !== undefined) {
        await write(deadlineChange(orderId, usual, times));
        return 'nothing';
      }
      const { state, outcome } = await act(ctx, orderId, { type: 'event' });
      // Asking for the void begins a wait, too.
      if (outcome !== 'nothing' || awaited(state).length > 0) await writeAfresh(ctx, orderId);
      else await write(deadlineChange(orderId, { state, since: {}, voidsAsked: 0 }, times));
      return outcome;
    },

    async fire(ctx, { aggregateId: orderId, kind, causedBy }) {
      const trigger: Trigger = { type: 'deadline', kind };
      if (kind === 'void') {
        // Of two that fire, the second finds the first one's request.
        const { outcome } = await act(
          ctx,
          orderId,
          trigger,
          ({ since }) => since.void?.eventId !== causedBy,
        );
        await writeAfresh(ctx, orderId);
        return outcome;
      }
      const { state, outcome } = await act(ctx, orderId, trigger);
      await write({ put: [], remove: clearedBy(orderId, react(state, trigger)) });
      if (outcome === 'void requested') await writeAfresh(ctx, orderId);
      return outcome;
    },
  };
}

/** What becomes of the deadlines of an order that waits for what `order` says. */
export function deadlineChange(
  orderId: string,
  order: Waits,
  times: DeadlineTimes,
): DeadlineChange<DeadlineKind> {
  const rules = deadlineRules(times);
  const commands = react(order.state, { type: 'event' });
  const put = commands.flatMap((command) => {
    if (command.type !== 'setDeadline') return [];
    const { kind } = command;
    const since = order.since[kind];
    if (since === undefined) return [];
    return [deadlineSince(since, kind, rules[kind], order.voidsAsked)];
  });
  return { put, remove: clearedBy(orderId, commands) };
}

function clearedBy(
  orderId: string,
  commands: readonly SagaCommand[],
): DeadlineChange<DeadlineKind>['remove'] {
  return commands.flatMap((command) =>
    command.type === 'clearDeadlines'
      ? command.kinds.map((kind) => ({ aggregateId: orderId, kind }))
      : [],
  );
}

/** The command to the order among `commands`; there is at most one. */
function orderCommand(
  orderId: string,
  commands: readonly SagaCommand[],
): Extract<OrderCommand, { type: 'cancel' | 'requestVoid' }> | undefined {
  for (const command of commands) {
    if (command.type === 'requestVoid') return { ...command, orderId };
    if (command.type === 'cancel') return { ...command, decidedBy: DECIDED_BY };
  }
  return undefined;
}

/** Frozen: the log knows these events by ids made of it. */
function purposeOf(command: OrderCommand, trigger: Trigger, voidsAsked: number): string {
  if (command.type === 'cancel' && trigger.type === 'deadline') return `deadline:${trigger.kind}`;
  const again = command.type === 'requestVoid' && command.again === true;
  return again ? `void:${voidsAsked + 1}` : 'void';
}
