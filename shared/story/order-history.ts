import type { OrderEventCodec } from '../contracts/events.ts';
import { evolve, initialState, type OrderEvent, type OrderState } from '../domain/order.ts';
import type { RecordedEvent } from '../eventstore/event-store.ts';

/** The decoded event; undefined for an unknown type. */
export type ReadEvent = OrderEvent | 'unreadable' | undefined;

/** Reads what services refuse to read, because operators look at just those orders. */
export function readEvent(
  recorded: Parameters<OrderEventCodec['decode']>[0],
  codec: OrderEventCodec,
): ReadEvent {
  try {
    return codec.decode(recorded);
  } catch {
    return 'unreadable';
  }
}

/** `state` after `event`; an event that cannot be decoded changes nothing. */
export function after(state: OrderState, event: ReadEvent): OrderState {
  return event === undefined || event === 'unreadable' ? state : evolve(state, event);
}

/** The state of an order with these events. */
export function standing(events: readonly RecordedEvent[], codec: OrderEventCodec): OrderState {
  return events.reduce((state, recorded) => after(state, readEvent(recorded, codec)), initialState);
}
