/**
 * What to do about an order in its current state: a pure function of the order
 * and of the trigger. It uses the newest state, not the one right after some
 * event, so that looking late, twice or out of order gives the same result.
 *
 * - An order has a deadline exactly while it waits for somebody.
 * - An order that ended other than Approved is refunded, even if no debit is
 *   known: it may be on its way.
 * - A deadline ends an order only where it stands as the deadline says.
 */
import { durables } from '../../../shared/contracts/subjects.ts';
import {
  isOpen,
  needsVoid,
  type OrderCommand,
  type OrderState,
} from '../../../shared/domain/order.ts';
import type { Trigger } from '../../../shared/process-manager/process.ts';

/**
 * `payment`: Pending for too long; `review`: Paid for too long; `void`: nobody
 * answered the request for the void. Frozen: rows and event ids are made of them.
 */
export const deadlineKinds = ['payment', 'review', 'void'] as const;

export type DeadlineKind = (typeof deadlineKinds)[number];

/** As much of an order's state as matters here. */
export type Standing = Pick<OrderState, 'status' | 'payment'>;

/** What the saga asks of an order. */
export type SagaCommand = Extract<OrderCommand, { readonly type: 'cancel' | 'requestVoid' }>;

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

/** What an order that stands there never waits for again. */
export function passed({ status, payment }: Standing): readonly DeadlineKind[] {
  const kinds: DeadlineKind[] = [];
  const ended = !isOpen({ status }) && status !== 'None';
  if (ended || status === 'Paid') kinds.push('payment');
  if (ended) kinds.push('review');
  if (payment === 'voided') kinds.push('void');
  return kinds;
}

/**
 * What is asked of an order that stands at `order`. A deadline is a trigger only where
 * the order awaits its kind. Repeating it is harmless, and so is being overtaken.
 */
export function react(
  order: Standing,
  trigger: Trigger<DeadlineKind>,
  orderId: string,
): SagaCommand | undefined {
  if (trigger.type === 'event') {
    return needsVoid(order) ? { type: 'requestVoid', orderId, again: false } : undefined;
  }
  const { kind } = trigger;
  return kind === 'void'
    ? { type: 'requestVoid', orderId, again: true }
    : { type: 'cancel', decidedBy: durables.saga, reason: cancelReasons[kind] };
}
