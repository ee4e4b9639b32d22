import type { OrderEventCodec } from '../shared/contracts/events.ts';
import { evolve, initialState, type OrderEvent, type OrderState } from '../shared/domain/order.ts';
import type { RecordedEvent } from '../shared/eventstore/event-store.ts';

/** An event as far as it is understood here; undefined for a type that is not known. */
export type ReadEvent = OrderEvent | 'unreadable' | undefined;

/** Reads what services would refuse to read: an operator looks at just those orders. */
export function readEvent(recorded: RecordedEvent, codec: OrderEventCodec): ReadEvent {
  try {
    return codec.decode(recorded);
  } catch {
    return 'unreadable';
  }
}

/** `state` after `event`; what is not understood changes nothing. */
export function after(state: OrderState, event: ReadEvent): OrderState {
  return event === undefined || event === 'unreadable' ? state : evolve(state, event);
}

/** Where an order with these events stands. */
export function standing(events: readonly RecordedEvent[], codec: OrderEventCodec): OrderState {
  return events.reduce((state, recorded) => after(state, readEvent(recorded, codec)), initialState);
}
