import { eventTypes } from '../../../shared/contracts/events.ts';
import { durables } from '../../../shared/contracts/subjects.ts';
import type { DeadlineRules } from '../../../shared/process-manager/deadline-rules.ts';
import type { DeadlineKind } from './saga.ts';

/** How long an order may wait, by kind of deadline, in milliseconds. */
export type DeadlineTimes = Readonly<Record<DeadlineKind, number>> & {
  /** Longest wait in total, however long the queue is. */
  readonly ceiling: number;
};

/** Column of the frozen table of deadlines that holds the order's id; also its field in log lines. */
export const ORDER_ID = 'order_id';

const DAY_MS = 86_400_000;

/** Which consumer must answer each wait, and how long the wait may last. */
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
