/** Encodes answers for the HTTP contract. Pure. */
import type {
  OrderAnswer,
  OrderEventsAnswer,
  OrderListAnswer,
  PlacedAnswer,
} from '../../../shared/contracts/http.ts';
import type { OrderDetails } from '../../../shared/domain/order.ts';
import type { RecordedEvent } from '../../../shared/eventstore/event-store.ts';
import { JsonText } from '../../../shared/kit/transport/http/json.ts';
import { majorUnits } from '../../../shared/money/money.ts';
import type { OrderPage } from '../views/order-rows.ts';
import type { OrderView } from '../views/order-view.ts';
import { encodeCursor } from './list-query.ts';

/** Encodes answers in a currency with `decimals` decimals. */
export interface Answers {
  placed(order: OrderDetails): PlacedAnswer;
  order(view: OrderView): OrderAnswer;
  list(page: OrderPage): OrderListAnswer;
  /** An OrderEventsAnswer with every payload exactly as the log has it. */
  events(events: readonly RecordedEvent[]): JsonText;
}

export function answersIn(decimals: number): Answers {
  const items = (order: OrderDetails) =>
    order.items.map((item) => ({
      code: item.code,
      name: item.name,
      unit_price: majorUnits(item.unitPrice, decimals),
      quantity: item.quantity,
    }));

  const order = ({ details, status, payment, reason, version }: OrderView): OrderAnswer => ({
    order_id: details.orderId,
    customer_id: details.customerId,
    restaurant_id: details.restaurantId,
    status,
    payment_status: payment,
    amount: majorUnits(details.amount, decimals),
    order_items: items(details),
    created_on: details.createdOn,
    ...(reason !== undefined && { reason }),
    version: Number(version),
  });

  return {
    placed: (details) => ({
      order_id: details.orderId,
      customer_id: details.customerId,
      status: 'Pending',
      created_on: details.createdOn,
      restaurant_id: details.restaurantId,
      amount: majorUnits(details.amount, decimals),
      order_items: items(details),
    }),
    order,
    list: ({ orders, next, position }) => ({
      orders: orders.map((listed) => ({
        ...order(listed),
        ...(listed.changedAt && { changed_at: listed.changedAt.toISOString() }),
      })),
      ...(next !== undefined && { next_cursor: encodeCursor(next) }),
      position: Number(position),
    }),
    events: (events) => new JsonText(`{"events":[${events.map(eventText).join(',')}]}`),
  };
}

/**
 * Copies the payload as text: parsing would lose digits of numbers (9007199254740993,
 * 1e400) and the order of names.
 */
function eventText(event: RecordedEvent): string {
  const around: Omit<OrderEventsAnswer['events'][number], 'data'> = {
    event_id: event.eventId,
    event_type: event.eventType,
    version: Number(event.version),
    position: Number(event.position),
    created_at: event.createdAt.toISOString(),
    metadata: { ...event.metadata },
  };
  // The event store accepts only JSON or an empty payload.
  const data = event.data === '' ? 'null' : event.data;
  return `${JSON.stringify(around).slice(0, -1)},"data":${data}}`;
}
