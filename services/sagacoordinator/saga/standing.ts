/** Where an order stands, told by one event where that is enough. */
import { eventTypes } from '../../../shared/contracts/events.ts';
import type { RecordedEvent } from '../../../shared/eventstore/event-store.ts';
import type { Standing } from './saga.ts';

/**
 * The path that nearly all orders take: at these versions the event alone says
 * where the order stood, and nothing need be read. Where a foreign writer made
 * it otherwise, the worst is a deadline that finds nothing to do: it folds.
 */
const usualPath: Readonly<Record<string, Standing>> = {
  [`${eventTypes.created} 1`]: { status: 'Pending', payment: 'none' },
  [`${eventTypes.paymentdebited} 2`]: { status: 'Paid', payment: 'debited' },
  [`${eventTypes.paymentfailed} 2`]: { status: 'PaymentFailed', payment: 'failed' },
  [`${eventTypes.approved} 3`]: { status: 'Approved', payment: 'debited' },
};

/** Where the order stood after `event`, if the event tells; undefined: its order must be folded. */
export function standingAfter(
  event: Pick<RecordedEvent, 'eventType' | 'version'>,
): Standing | undefined {
  return usualPath[`${event.eventType} ${event.version}`];
}
