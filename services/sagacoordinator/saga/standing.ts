/** An order's state, derived from one event if that is enough. */
import { eventTypes } from '../../../shared/contracts/events.ts';
import type { RecordedEvent } from '../../../shared/eventstore/event-store.ts';
import type { Standing } from './saga.ts';

/**
 * The path of nearly all orders: at these versions the event alone tells the order's
 * state, and nothing need be read. If a foreign writer made it different, the worst is
 * a deadline that finds nothing to do, because firing it folds the order.
 */
const usualPath: Readonly<Record<string, Standing>> = {
  [`${eventTypes.created} 1`]: { status: 'Pending', payment: 'none' },
  [`${eventTypes.paymentdebited} 2`]: { status: 'Paid', payment: 'debited' },
  [`${eventTypes.paymentfailed} 2`]: { status: 'PaymentFailed', payment: 'failed' },
  [`${eventTypes.approved} 3`]: { status: 'Approved', payment: 'debited' },
};

/** The order's state after `event`, if the event tells; undefined: fold the order. */
export function standingAfter(
  event: Pick<RecordedEvent, 'eventType' | 'version'>,
): Standing | undefined {
  return usualPath[`${event.eventType} ${event.version}`];
}
