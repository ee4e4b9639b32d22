/** Where an order stands, and since when: told by one event where that is enough, else folded. */
import { eventTypes, type OrderEventCodec } from '../../../shared/contracts/events.ts';
import { evolve, initialState, type OrderState } from '../../../shared/domain/order.ts';
import { readable } from '../../../shared/eventstore/command-handler.ts';
import type { RecordedEvent } from '../../../shared/eventstore/event-store.ts';
import type { DeadlineKind, Standing } from './saga.ts';

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

/** Where an order stands, and since when it waits for what. */
export interface Waits {
  readonly state: Standing;
  /** The event that began the wait for each kind; of a kind that is not awaited it says nothing. */
  readonly since: Since;
  /** How often the void was asked for. */
  readonly voidsAsked: number;
}

/** What all of an order's events add up to. */
export interface Folded extends Waits {
  readonly state: OrderState;
  /** One of its events could not be read, and changed nothing. */
  readonly spoilt: boolean;
}

export type Since = Readonly<Partial<Record<DeadlineKind, RecordedEvent>>>;

/** Folds all of an order's events; those that cannot be read change nothing. */
export function foldStanding(codec: OrderEventCodec, recorded: readonly RecordedEvent[]): Folded {
  let state = initialState;
  let moved: RecordedEvent | undefined;
  let asked: RecordedEvent | undefined;
  let voidsAsked = 0;
  let spoilt = false;
  for (const entry of recorded) {
    const event = readable(codec, entry);
    if (event === undefined) {
      spoilt ||= isKnownType(entry.eventType);
      continue;
    }
    const next = evolve(state, event);
    if (next.status !== state.status) moved = entry;
    if (event.type === 'voidrequested') {
      asked = entry;
      voidsAsked++;
    }
    state = next;
  }
  return { state, since: sinceOf(moved, asked), voidsAsked, spoilt };
}

/** @param moved brought the order to its status; @param asked asked for its void last */
function sinceOf(moved: RecordedEvent | undefined, asked: RecordedEvent | undefined): Since {
  return {
    ...(moved !== undefined && { payment: moved, review: moved }),
    ...(asked !== undefined && { void: asked }),
  };
}

/** What `standingAfter` tells of the order, and since when it waits: since `event`. */
export function foldedAfter(event: RecordedEvent): Waits | undefined {
  const state = standingAfter(event);
  return state && { state, since: sinceOf(event, undefined), voidsAsked: 0 };
}

const isKnownType = (type: string): boolean => Object.values<string>(eventTypes).includes(type);
