/** The orders that changed last, folded from their events. Pure. Field names are those of `--json`. */
import type { OrderEventCodec } from '../../shared/contracts/events.ts';
import { initialState, type OrderState } from '../../shared/domain/order.ts';
import type { RecordedEvent } from '../../shared/eventstore/event-store.ts';
import { majorUnits } from '../../shared/money/money.ts';
import { after, readEvent } from '../../shared/story/order-history.ts';

/** An order as its last event left it: the fields of ordersvc, without the items, and that event. */
export interface OrderChange {
  readonly order_id: string;
  /** As the log has it: a pseudonym where texts are sealed. Absent, as the two below, if no readable event creates the order. */
  readonly customer_id?: string;
  readonly restaurant_id?: string;
  readonly amount?: number;
  readonly created_on?: string;
  readonly status: string;
  /** Before this event; absent if it is the order's first. */
  readonly status_before?: string;
  readonly payment_status: string;
  readonly reason?: string;
  readonly version: number;
  readonly event_type: string;
  readonly position: number;
  /** When the event was stored. */
  readonly changed_at: string;
}

export interface OrderBoard {
  /** Whether the order's state is known, so that its next event can be met. */
  knows(orderId: string): boolean;
  /** The order after `event`, the next one of its order. */
  meet(event: RecordedEvent): OrderChange;
  /** The order that changed last comes first. */
  rows(): readonly OrderChange[];
}

/** More than any screen shows; the longest unchanged ones are forgotten. */
const MOST = 1_000;

/** An empty board; amounts with `decimals` decimals. */
export function createOrderBoard(codec: OrderEventCodec, decimals: number): OrderBoard {
  const held = new Map<string, { readonly state: OrderState; readonly row: OrderChange }>();
  return {
    knows: (orderId) => held.has(orderId),
    meet(event) {
      const { aggregateId } = event;
      const before = held.get(aggregateId);
      const state = after(before?.state ?? initialState, readEvent(event, codec));
      const row = changeOf(event, state, before?.state.status, decimals);
      held.delete(aggregateId);
      held.set(aggregateId, { state, row });
      for (const oldest of held.keys()) {
        if (held.size <= MOST) break;
        held.delete(oldest);
      }
      return row;
    },
    rows: () => [...held.values()].map(({ row }) => row).reverse(),
  };
}

function changeOf(
  event: RecordedEvent,
  { status, payment, details, reason }: OrderState,
  before: string | undefined,
  decimals: number,
): OrderChange {
  return {
    order_id: event.aggregateId,
    ...(details !== undefined && {
      customer_id: details.customerId,
      restaurant_id: details.restaurantId,
      amount: majorUnits(details.amount, decimals),
      created_on: details.createdOn,
    }),
    status,
    ...(before !== undefined && { status_before: before }),
    payment_status: payment,
    ...(reason !== undefined && { reason }),
    version: Number(event.version),
    event_type: event.eventType,
    position: Number(event.position),
    changed_at: event.createdAt.toISOString(),
  };
}
