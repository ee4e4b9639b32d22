/**
 * What is to be done about an order, given where it stands: a pure function of
 * the order and of what made us look. It takes the newest state there is, not
 * the one right after some event, so that looking late, twice or out of order
 * comes to the same.
 *
 * - Whoever is waited for has a deadline; what is not waited for has none.
 * - An order that ended other than Approved gets its money back, also when no
 *   debit is known: it may be on its way.
 * - A deadline ends an order only where it stands as the deadline says.
 */
import { isOpen, needsVoid, type OrderState } from '../../shared/domain/order.ts';

/** `payment`: Pending for too long; `review`: Paid for too long. Frozen: rows and event ids are made of them. */
export const deadlineKinds = ['payment', 'review'] as const;

export type DeadlineKind = (typeof deadlineKinds)[number];

/** As much of an order's state as matters here. */
export type Standing = Pick<OrderState, 'status' | 'payment'>;

/** What made us look: an event of the order, or a deadline that came due. */
export type Trigger =
  | { readonly type: 'event' }
  | { readonly type: 'deadline'; readonly kind: DeadlineKind };

/** In the order in which they are to be done: the log first, so that what fails is tried again. */
export type SagaCommand =
  | { readonly type: 'cancel'; readonly reason: string }
  | { readonly type: 'requestVoid' }
  /** Due at the time of the event that brought the order to where it stands, plus what is configured. */
  | { readonly type: 'setDeadline'; readonly kind: DeadlineKind }
  | { readonly type: 'clearDeadlines'; readonly kinds: readonly DeadlineKind[] };

/** Why an order was cancelled, as its event says. */
export const cancelReasons = {
  payment: 'payment_deadline',
  review: 'review_deadline',
} as const satisfies Record<DeadlineKind, string>;

/** What an order that stands there waits for; undefined where it waits for nothing. */
export function awaited({ status }: Pick<Standing, 'status'>): DeadlineKind | undefined {
  if (status === 'Pending') return 'payment';
  return status === 'Paid' ? 'review' : undefined;
}

/**
 * What `trigger` comes to for an order that stands at `order`. Repeating it is
 * harmless, and so is being overtaken: an event clears only what the order has
 * passed for good, for another instance may have set what it waits for now.
 */
export function react(order: Standing, trigger: Trigger): readonly SagaCommand[] {
  if (trigger.type === 'deadline' && (isOpen(order) || order.status === 'None')) {
    const { kind } = trigger;
    const clear: SagaCommand = { type: 'clearDeadlines', kinds: [kind] };
    return awaited(order) === kind
      ? [{ type: 'cancel', reason: cancelReasons[kind] }, clear]
      : [clear];
  }
  if (order.status === 'None') return [];
  if (order.status === 'Pending') return [{ type: 'setDeadline', kind: 'payment' }];
  if (order.status === 'Paid') {
    return [
      { type: 'setDeadline', kind: 'review' },
      { type: 'clearDeadlines', kinds: ['payment'] },
    ];
  }
  const clearAll: SagaCommand = { type: 'clearDeadlines', kinds: deadlineKinds };
  return needsVoid(order) ? [{ type: 'requestVoid' }, clearAll] : [clearAll];
}
