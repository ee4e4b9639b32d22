/**
 * An order's state and what may follow, written a second time as rules about its history. It
 * shares nothing with `decide` and `evolve`, so a bug must be made twice in the same way to
 * stay hidden.
 */
import type { OrderEvent, OrderState } from '../../shared/domain/order.ts';

type Type = OrderEvent['type'];

/** As much of an order as the rules can tell from its events alone. */
export type Reference = Pick<OrderState, 'status' | 'payment' | 'reason'>;

const decisions = {
  approved: 'Approved',
  rejected: 'Rejected',
  cancelled: 'Cancelled',
} as const;

type Decision = Extract<OrderEvent, { type: keyof typeof decisions }>;

const isDecision = (event: OrderEvent): event is Decision => event.type in decisions;

/** What a lawful history says. */
export function reference(history: readonly OrderEvent[]): Reference {
  const find = <T extends Type>(type: T) =>
    history.find((event): event is Extract<OrderEvent, { type: T }> => event.type === type);
  const payment = find('paymentvoided')
    ? 'voided'
    : find('voidrequested')
      ? 'void_requested'
      : find('paymentdebited')
        ? 'debited'
        : find('paymentfailed')
          ? 'failed'
          : 'none';
  const decided = history.find(isDecision);
  if (decided !== undefined) {
    const reason = decided.type === 'approved' ? undefined : decided.reason;
    return { status: decisions[decided.type], payment, reason };
  }
  const failed = find('paymentfailed');
  if (failed !== undefined && !find('paymentdebited')) {
    return { status: 'PaymentFailed', payment, reason: failed.reason };
  }
  const status = find('paymentdebited') ? 'Paid' : find('created') ? 'Pending' : 'None';
  return { status, payment, reason: undefined };
}

/** Why `next` may not follow `history`; undefined if it may. */
export function whyUnlawful(history: readonly OrderEvent[], next: OrderEvent): string | undefined {
  const { status, payment } = reference(history);
  const has = (type: Type) => history.some((event) => event.type === type);
  if (next.type === 'created') return history.length > 0 ? 'it was there already' : undefined;
  if (!has('created')) return 'there is no such order';
  // An unanswered void is requested again.
  if (has(next.type) && next.type !== 'voidrequested') return 'it happened before';
  if (isDecision(next)) {
    const other = history.find(isDecision);
    if (other !== undefined) return `it was ${other.type} before`;
    if (next.type === 'cancelled') {
      return status === 'Pending' || status === 'Paid' ? undefined : `it is ${status}`;
    }
    return status === 'Paid' && payment === 'debited' ? undefined : `it is ${status}, ${payment}`;
  }
  switch (next.type) {
    case 'paymentdebited':
      return has('paymentfailed') ? 'its payment has failed' : undefined;
    case 'paymentfailed':
      return has('paymentdebited') ? 'it was debited' : undefined;
    case 'voidrequested':
      if (payment === 'voided') return 'it is voided';
      return status === 'Rejected' || status === 'Cancelled' ? undefined : `it is ${status}`;
    case 'paymentvoided':
      return has('voidrequested') ? undefined : 'nobody asked for it';
  }
}
