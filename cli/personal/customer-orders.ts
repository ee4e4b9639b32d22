/** All that the books have about a customer. */
import { sqlReadModel } from '../../services/ordersvc/views/order-rows.ts';
import type { OrderView } from '../../services/ordersvc/views/order-view.ts';
import { orderAggregate } from '../../shared/contracts/subjects.ts';
import type { ParkedLetter } from '../../shared/eventstore/dead-letters.ts';
import type { EventStore, RecordedEvent } from '../../shared/eventstore/event-store.ts';
import type { Context } from '../../shared/kit/context.ts';
import type { Database } from '../../shared/kit/sql/database.ts';

const PAGE = 100;
/** Far more than an order has. */
const MOST_EVENTS = 1_000;
const MOST_LETTERS = 1_000;

/** An order as it is stored, with its events and the dead letters about them. */
export interface CustomersOrder {
  readonly view: OrderView;
  readonly events: readonly RecordedEvent[];
  readonly letters: readonly ParkedLetter[];
}

export interface CustomerBooks {
  readonly store: Pick<EventStore, 'readAggregate' | 'deadLetters'>;
  readonly ordersDatabase: Database;
}

/**
 * The orders of a customer, the newest first: those in plain by `name`, the others by
 * `pseudonym`. They are found in the read model, which may lag by a moment.
 */
export async function* customersOrders(
  ctx: Context,
  { store, ordersDatabase }: CustomerBooks,
  { name, pseudonym }: { readonly name: string; readonly pseudonym: string | undefined },
): AsyncGenerator<CustomersOrder> {
  const readModel = sqlReadModel(ordersDatabase);
  const who = { customerId: name, ...(pseudonym !== undefined && { pseudonym }) };
  for (let after: Parameters<typeof readModel.list>[1]['after']; ; ) {
    const page = await readModel.list(ctx, { ...who, limit: PAGE, after });
    for (const view of page.orders) {
      const events = await store.readAggregate(ctx, orderAggregate(view.details.orderId));
      const eventIds = events.slice(0, MOST_EVENTS).map(({ eventId }) => eventId);
      const letters = await store.deadLetters(ctx, { eventIds, limit: MOST_LETTERS });
      yield { view, events, letters };
    }
    after = page.next;
    if (after === undefined) return;
  }
}
