import { eventTypes } from '../../../shared/contracts/events.ts';
import { durables } from '../../../shared/contracts/subjects.ts';
import type { DeadlineRules } from '../../../shared/process-manager/deadline-rules.ts';
import type { DeadlineKind } from './saga.ts';

/** How long an order may wait for what, in milliseconds. */
export type DeadlineTimes = Readonly<Record<DeadlineKind, number>> & {
  /** However long the queue is that it waits in. */
  readonly ceiling: number;
};

/** The column of the frozen table of deadlines that holds the order's id, and its name in lines. */
export const ORDER_ID = 'order_id';

const DAY_MS = 86_400_000;

/** Who answers what an order waits for, and for how long it waits. */
export function deadlineRules(times: DeadlineTimes): DeadlineRules<DeadlineKind> {
  const ceilingMs = times.ceiling;
  return {
    payment: {
      waitMs: times.payment,
      ceilingMs,
      answeredBy: { consumer: durables.payment, eventType: eventTypes.created },
    },
    review: {
      waitMs: times.review,
      ceilingMs,
      answeredBy: { consumer: durables.review, eventType: eventTypes.paymentdebited },
    },
    void: {
      waitMs: times.void,
      ceilingMs,
      answeredBy: {
        consumer: durables.payment,
        eventType: eventTypes.voidrequested,
        againUpToMs: DAY_MS,
      },
    },
  };
}
