/** Where an order stands, and since when: told by one event where that is enough, else folded. */
import { eventTypes, type OrderEventCodec } from '../../shared/contracts/events.ts';
import { evolve, initialState, type OrderState } from '../../shared/domain/order.ts';
import { readable } from '../../shared/eventstore/command-handler.ts';
import type { RecordedEvent } from '../../shared/eventstore/event-store.ts';
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

/** An order's state, and the event that brought it to its status; undefined where there is no order. */
export interface Folded {
  readonly state: OrderState;
  readonly since: RecordedEvent | undefined;
  /** One of its events could not be read, and changed nothing. */
  readonly spoilt: boolean;
}

/** Folds all of an order's events; those that cannot be read change nothing. */
export function foldStanding(codec: OrderEventCodec, recorded: readonly RecordedEvent[]): Folded {
  let state = initialState;
  let since: RecordedEvent | undefined;
  let spoilt = false;
  for (const entry of recorded) {
    const event = readable(codec, entry);
    if (event === undefined) {
      spoilt ||= isKnownType(entry.eventType);
      continue;
    }
    const next = evolve(state, event);
    if (next.status !== state.status) since = entry;
    state = next;
  }
  return { state, since, spoilt };
}

const isKnownType = (type: string): boolean => Object.values<string>(eventTypes).includes(type);
