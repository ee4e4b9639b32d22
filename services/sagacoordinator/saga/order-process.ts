import type { OrderEventCodec } from '../../../shared/contracts/events.ts';
import { durables, ORDER_AGGREGATE } from '../../../shared/contracts/subjects.ts';
import { type OrderEvent, type OrderState, orderDecider } from '../../../shared/domain/order.ts';
import { derivedId } from '../../../shared/eventstore/ids.ts';
import type { Cause, Process } from '../../../shared/process-manager/process.ts';
import { followedTypes } from './followed-types.ts';
import { type DeadlineTimes, deadlineRules } from './order-deadlines.ts';
import { awaited, type DeadlineKind, passed, react, type SagaCommand } from './saga.ts';
import { standingAfter } from './standing.ts';

/** The saga as a process that the process manager runs. */
export type OrderProcess = Process<OrderState, SagaCommand, OrderEvent, DeadlineKind>;

/** The saga with these deadlines, in the currency of `codec`. */
export function orderProcess(times: DeadlineTimes, codec: OrderEventCodec): OrderProcess {
  return {
    aggregateType: ORDER_AGGREGATE,
    decider: orderDecider,
    codec,
    follows: followedTypes,
    deadlines: deadlineRules(times),
    awaited,
    passed,
    react,
    eventId: (cause) => derivedId(durables.saga, cause.aggregateId, purposeOf(cause)),
    toldBy: (event) => {
      const order = standingAfter(event);
      return order && { awaited: awaited(order), passed: passed(order) };
    },
  };
}

/** Frozen: event ids in the log contain it. */
function purposeOf({ command, trigger, asked }: Cause<SagaCommand, DeadlineKind>): string {
  if (command.type === 'cancel' && trigger.type === 'deadline') return `deadline:${trigger.kind}`;
  const again = command.type === 'requestVoid' && command.again === true;
  return again ? `void:${(asked.void ?? 0) + 1}` : 'void';
}
