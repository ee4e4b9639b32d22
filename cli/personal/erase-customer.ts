/** Erases what is known about a customer. */
import { redactLetters } from '../../services/eventstoresvc/consumers/redact-letters.ts';
import type { OrderEventCodec } from '../../shared/contracts/events.ts';
import { ORDERS_STREAM } from '../../shared/contracts/subjects.ts';
import type { RecordedEvent } from '../../shared/eventstore/event-store.ts';
import type { Context } from '../../shared/kit/context.ts';
import type { Database } from '../../shared/kit/sql/database.ts';
import { ERASED, type PersonalData } from '../../shared/personal-data/personal-data.ts';
import { isPseudonym } from '../../shared/personal-data/sealing.ts';
import { readEvent } from '../../shared/story/order-history.ts';
import { type CustomerBooks, customersOrders } from './customer-orders.ts';

/** What was erased, or would be. */
export interface CustomerErasure {
  readonly customer: string;
  /** The customer's name in the books from now on; undefined if there was no key. */
  readonly pseudonym: string | undefined;
  /** False: it was only looked at. */
  readonly done: boolean;
  /** Orders whose texts are sealed with the key. */
  readonly orders: readonly string[];
  /** Dead letters about them, whose texts are replaced. */
  readonly letters: number;
  /** Events that name the customer in plain, which nothing can erase. */
  readonly plain: readonly { readonly orderId: string; readonly position: number }[];
}

export interface EraseTools extends CustomerBooks {
  readonly people: PersonalData;
  readonly logDatabase: Database;
  readonly codec: OrderEventCodec;
}

/**
 * Erases the customer `name`, or with `dryRun` only says what that would be. May be
 * repeated: the key goes last, so that what was interrupted is found again.
 */
export async function eraseCustomer(
  ctx: Context,
  tools: EraseTools,
  { name, dryRun }: { readonly name: string; readonly dryRun: boolean },
): Promise<CustomerErasure> {
  const { people, logDatabase, codec } = tools;
  const person = await people.find(ctx, name);
  const pseudonym = person?.pseudonym;
  const orders: string[] = [];
  const plain: { orderId: string; position: number }[] = [];
  let letters = 0;
  for await (const order of customersOrders(ctx, tools, { name, pseudonym })) {
    const { orderId, customerId } = order.view.details;
    if (isPseudonym(customerId)) orders.push(orderId);
    for (const event of order.events) {
      if (names(event, name, codec)) plain.push({ orderId, position: Number(event.position) });
    }
    const eventIds = order.letters.map(({ eventId }) => eventId);
    letters += dryRun
      ? eventIds.length
      : await redactLetters(logDatabase, ctx, { stream: ORDERS_STREAM, eventIds, text: ERASED });
  }
  if (pseudonym !== undefined && !dryRun) await people.erase(ctx, [pseudonym]);
  return { customer: name, pseudonym, done: !dryRun, orders, letters, plain };
}

/** Whether the event has the customer's name as it is. */
function names(recorded: RecordedEvent, name: string, codec: OrderEventCodec): boolean {
  const event = readEvent(recorded, codec);
  if (event === undefined || event === 'unreadable') return false;
  if (event.type === 'created') return event.order.customerId === name;
  return event.type === 'paymentdebited' && event.customerId === name;
}
