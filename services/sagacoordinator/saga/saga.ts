/**
 * What to do about an order in its current state: a pure function of the order and the
 * trigger. It uses the newest state, not the one right after an event, so that
 * looking late, twice or out of order gives the same result.
 *
 * - An order has a deadline exactly while it waits for somebody.
 * - An order that ended other than Approved is refunded, even if no debit is known: one
 *   may be on its way.
 * - A deadline ends an order only while it is in the deadline's state.
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
 * `payment`: Pending for too long; `review`: Paid for too long; `void`: a requested void
 * was not answered. Frozen: rows and event ids contain them.
 */
export const deadlineKinds = ['payment', 'review', 'void'] as const;

export type DeadlineKind = (typeof deadlineKinds)[number];

/** The part of an order's state that the saga uses. */
export type Standing = Pick<OrderState, 'status' | 'payment'>;

/** Commands that the saga gives. */
export type SagaCommand = Extract<OrderCommand, { readonly type: 'cancel' | 'requestVoid' }>;

/** Why an order was cancelled, as its event says it. */
export const cancelReasons = {
  payment: 'payment_deadline',
  review: 'review_deadline',
} as const satisfies Record<Exclude<DeadlineKind, 'void'>, string>;

/** Deadlines that an order in this state needs; none: it waits for nobody. */
export function awaited({ status, payment }: Standing): readonly DeadlineKind[] {
  const kinds: DeadlineKind[] = [];
  if (status === 'Pending') kinds.push('payment');
  if (status === 'Paid') kinds.push('review');
  if (payment === 'void_requested') kinds.push('void');
  return kinds;
}

/** Deadlines that an order in this state will never need again. */
export function passed({ status, payment }: Standing): readonly DeadlineKind[] {
  const kinds: DeadlineKind[] = [];
  const ended = !isOpen({ status }) && status !== 'None';
  if (ended || status === 'Paid') kinds.push('payment');
  if (ended) kinds.push('review');
  if (payment === 'voided') kinds.push('void');
  return kinds;
}

/**
 * The command for an order in the state `order`. A deadline triggers only an order that
 * awaits its kind. Repeating the command is harmless, and so is coming too late with it.
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
