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
import { isOpen, needsVoid, type OrderState } from '../../../shared/domain/order.ts';

/**
 * `payment`: Pending for too long; `review`: Paid for too long; `void`: nobody
 * answered the request for the void. Frozen: rows and event ids are made of them.
 */
export const deadlineKinds = ['payment', 'review', 'void'] as const;

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
  | { readonly type: 'requestVoid'; readonly again: boolean }
  /** Due at the time of the event that brought the order to where it stands, plus what is configured. */
  | { readonly type: 'setDeadline'; readonly kind: DeadlineKind }
  | { readonly type: 'clearDeadlines'; readonly kinds: readonly DeadlineKind[] };

/** Why an order was cancelled, as its event says. */
export const cancelReasons = {
  payment: 'payment_deadline',
  review: 'review_deadline',
} as const satisfies Record<Exclude<DeadlineKind, 'void'>, string>;

/** What an order that stands there waits for; nothing: it waits for nobody. */
export function awaited({ status, payment }: Standing): readonly DeadlineKind[] {
  const kinds: DeadlineKind[] = [];
  if (status === 'Pending') kinds.push('payment');
  if (status === 'Paid') kinds.push('review');
  if (payment === 'void_requested') kinds.push('void');
  return kinds;
}

/**
 * What `trigger` comes to for an order that stands at `order`. Repeating it is
 * harmless, and so is being overtaken: an event clears only what the order has
 * passed for good, for another instance may have set what it waits for now.
 */
export function react(order: Standing, trigger: Trigger): readonly SagaCommand[] {
  const waits = awaited(order);
  if (trigger.type === 'deadline' && trigger.kind !== 'void') {
    const { kind } = trigger;
    const clear: SagaCommand = { type: 'clearDeadlines', kinds: [kind] };
    if (waits.includes(kind)) return [{ type: 'cancel', reason: cancelReasons[kind] }, clear];
    if (isOpen(order) || (order.status === 'None' && !needsVoid(order))) return [clear];
  }
  // Its row stays until the log has the answer: what is asked again may be lost again.
  if (trigger.type === 'deadline' && trigger.kind === 'void' && waits.includes('void')) {
    return [
      { type: 'requestVoid', again: true },
      { type: 'setDeadline', kind: 'void' },
    ];
  }
  const done = passed(order);
  return [
    ...(needsVoid(order) ? [{ type: 'requestVoid', again: false } as const] : []),
    ...waits.map((kind) => ({ type: 'setDeadline', kind }) as const),
    ...(done.length > 0 ? [{ type: 'clearDeadlines', kinds: done } as const] : []),
  ];
}

/** What the order will never wait for any more. */
function passed({ status, payment }: Standing): readonly DeadlineKind[] {
  const kinds: DeadlineKind[] = [];
  const ended = !isOpen({ status }) && status !== 'None';
  if (ended || status === 'Paid') kinds.push('payment');
  if (ended) kinds.push('review');
  if (payment === 'voided') kinds.push('void');
  return kinds;
}
