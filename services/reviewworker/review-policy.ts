import type { OrderCommand, OrderDetails } from '../../shared/domain/order.ts';
import type { Minor } from '../../shared/money/money.ts';

/** Rules that decide orders without a person. */
export interface ReviewPolicy {
  /** Orders above this are rejected; MAX_AMOUNT: none. */
  readonly rejectAbove: Minor;
  /** Orders for these restaurants are rejected. */
  readonly rejectRestaurants: readonly string[];
  /** These restaurants decide themselves, whatever the other rules say. */
  readonly manual: 'all' | readonly string[];
}

/** Who decided, as events say it. */
export const DECIDED_BY = 'policy';

export const APPROVE: OrderCommand = { type: 'approve', decidedBy: DECIDED_BY };

/**
 * The policy's command for a paid order: approve, unless a rule forbids it; undefined if
 * the restaurant decides. Pure.
 */
export function review(policy: ReviewPolicy, order: OrderDetails): OrderCommand | undefined {
  if (policy.manual === 'all' || policy.manual.includes(order.restaurantId)) return undefined;
  if (policy.rejectRestaurants.includes(order.restaurantId)) {
    return rejection(`restaurant ${order.restaurantId} takes no orders`);
  }
  if (order.amount > policy.rejectAbove) {
    return rejection('the amount is above what is approved without asking');
  }
  return APPROVE;
}

const rejection = (reason: string): OrderCommand => ({
  type: 'reject',
  decidedBy: DECIDED_BY,
  reason,
});
