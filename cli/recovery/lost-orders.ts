/** What happens to orders whose last events are given up. Pure. */
import { eventTypes, type OrderEventCodec } from '../../shared/contracts/events.ts';
import { ORDER_AGGREGATE } from '../../shared/contracts/subjects.ts';
import type { OrderEvent } from '../../shared/domain/order.ts';
import type { NewEvent, RecordedEvent } from '../../shared/eventstore/event-store.ts';
import { derivedId } from '../../shared/eventstore/ids.ts';
import type { Minor } from '../../shared/money/money.ts';

/** An order that lost events. */
export interface LostOrder {
  readonly orderId: string;
  /** Of the event that created it, if that one is lost: then the order is gone. */
  readonly createdBy: string | undefined;
  readonly customerId: string;
  /** Its amount; 0 if its creation is not lost or cannot be read. */
  readonly amount: Minor;
  /** Debits that are lost. */
  readonly debits: readonly { readonly paymentId: string; readonly amount: Minor }[];
  /** How many of its events are lost. */
  readonly events: number;
}

export interface LostOrders {
  /** Adds lost events, in the log's order. */
  add(events: readonly RecordedEvent[]): void;
  /** Their number, of any kind. */
  count(): number;
  /** Orders that are completely gone, in the order in which they were placed. */
  gone(): readonly LostOrder[];
  /** Orders that go back to an earlier state: their workers answer them again. */
  setBack(): readonly LostOrder[];
}

export function lostOrders(codec: OrderEventCodec): LostOrders {
  const orders = new Map<string, LostOrder>();
  let count = 0;

  function take(event: RecordedEvent): void {
    count++;
    if (event.aggregateType !== ORDER_AGGREGATE) return;
    const orderId = event.aggregateId;
    const order = orders.get(orderId) ?? {
      orderId,
      createdBy: undefined,
      customerId: '',
      amount: 0 as Minor,
      debits: [],
      events: 0,
    };
    orders.set(orderId, { ...order, ...changeOf(order, event), events: order.events + 1 });
  }

  function changeOf(order: LostOrder, event: RecordedEvent): Partial<LostOrder> {
    const created = event.eventType === eventTypes.created;
    const first = created && order.createdBy === undefined ? { createdBy: event.eventId } : {};
    const change = read(codec, event);
    if (change?.type === 'created' && created) {
      const { customerId, amount } = change.order;
      return { ...first, customerId, amount };
    }
    if (change?.type === 'paymentdebited') {
      const { paymentId, amount } = change;
      return { ...first, debits: [...order.debits, { paymentId, amount }] };
    }
    return first;
  }

  return {
    add: (events) => events.forEach(take),
    count: () => count,
    gone: () => [...orders.values()].filter(({ createdBy }) => createdBy !== undefined),
    setBack: () => [...orders.values()].filter(({ createdBy }) => createdBy === undefined),
  };
}

/** Undefined for an unreadable event, which is given up like any other. */
function read(codec: OrderEventCodec, event: RecordedEvent): OrderEvent | undefined {
  try {
    return codec.decode(event);
  } catch {
    return undefined;
  }
}

/** Frozen: the ids of void requests derive from it. */
const HANDLER = 'log-recovery';
export const GIVEN_UP = 'given_up';

/**
 * Requests the void of an order that is given up, even if no debit is known: it may be on
 * its way. The request is the same each time, so repeating it has no effect.
 */
export function voidOf(codec: OrderEventCodec, { orderId, createdBy = '' }: LostOrder): NewEvent {
  return {
    eventId: derivedId(HANDLER, createdBy, 'void'),
    aggregateId: orderId,
    aggregateType: ORDER_AGGREGATE,
    metadata: { causation_id: createdBy },
    ...codec.encode({ type: 'voidrequested', orderId, reason: GIVEN_UP }),
  };
}
