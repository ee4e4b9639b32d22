/** Describes in words who did what to an order. Pure. */
import { durables } from '../contracts/subjects.ts';
import { isOpen, type OrderEvent, type OrderState } from '../domain/order.ts';
import type { RecordedEvent } from '../eventstore/event-store.ts';
import type { Minor } from '../money/money.ts';
import { pseudonymIn } from '../personal-data/sealing.ts';
import type { ReadEvent } from './order-history.ts';

/** Reasons of the coordinator's own cancellations, in words. */
const deadlineReasons: Readonly<Record<string, string>> = {
  payment_deadline: 'its payment did not arrive in time',
  review_deadline: 'nobody accepted it in time',
};

/** What somebody wrote, or that it is sealed: the key is ordersvc's, which shows it. */
const words = (text: string): string => (pseudonymIn(text) === undefined ? text : '(sealed)');

/** Who appended it. */
export function who(event: ReadEvent): string {
  if (event === undefined || event === 'unreadable') return 'unknown';
  switch (event.type) {
    case 'created':
      return `customer ${event.order.customerId}`;
    case 'paymentdebited':
    case 'paymentfailed':
    case 'paymentvoided':
      return durables.payment;
    case 'approved':
    case 'rejected':
    case 'cancelled':
      return event.decidedBy === '' ? 'unknown' : event.decidedBy;
    case 'voidrequested':
      return durables.saga;
  }
}

/** What it did, given the order's state before it. `money` writes amounts. */
export function happened(
  { eventType, data }: RecordedEvent,
  event: ReadEvent,
  before: OrderState,
  money: (amount: Minor) => string,
): string {
  if (event === undefined) return `${eventType}: an unknown event type`;
  if (event === 'unreadable') return `${eventType} that cannot be read: ${data.slice(0, 60)}`;
  const without = nothing(event, before);
  switch (event.type) {
    case 'created': {
      const items = event.order.items.map(({ quantity, name }) => `${quantity} × ${words(name)}`);
      return `ordered at restaurant ${event.order.restaurantId}: ${items.join(', ')}; ${money(event.order.amount)} in total${without}`;
    }
    case 'paymentdebited':
      return `took ${money(event.amount)} (payment ${event.paymentId})${lateDebit(before)}`;
    case 'paymentfailed':
      return `could not take the money: ${event.reason}${without}`;
    case 'approved':
      return `accepted the order${without}`;
    case 'rejected':
      return `rejected the order: ${words(event.reason)}${without}`;
    case 'cancelled': {
      const ours = deadlineReasons[event.reason];
      const reason = ours === undefined ? words(event.reason) : `${ours} (${event.reason})`;
      return `cancelled the order: ${reason}${without}`;
    }
    case 'voidrequested':
      return `requested a refund, in case money was taken${without}`;
    case 'paymentvoided':
      return event.paymentId === ''
        ? 'found nothing to refund, and made sure that no later debit succeeds'
        : `refunded the money (payment ${event.paymentId})`;
  }
}

/** What to say about an event that came too late to have an effect. */
function nothing(event: OrderEvent, before: OrderState): string {
  const decision = ['approved', 'rejected', 'cancelled'].includes(event.type);
  return decision && !isOpen(before) && before.status !== 'None'
    ? `, which changed nothing: it was ${before.status}`
    : '';
}

function lateDebit(before: OrderState): string {
  if (before.payment === 'void_requested' || before.payment === 'voided') {
    return ', too late: the requested void covers it';
  }
  const ended = !isOpen(before) && before.status !== 'None';
  return ended ? `, too late: the order was ${before.status}` : '';
}
