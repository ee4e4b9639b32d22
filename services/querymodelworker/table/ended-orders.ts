import { isOpen, type OrderEvent, type OrderStatus } from '../../../shared/domain/order.ts';
import type { OrderRow } from './order-row.ts';

/** An order that has just ended. */
export interface EndedOrder {
  readonly status: OrderStatus;
  /** Who ended it: the policy without a person, a person, or the payment. */
  readonly by: string;
  /** From its first event to the one that ended it, by the log's clock. */
  readonly tookMs: number;
}

/** Who may stand in `by`; events of others may name anybody. */
const known = ['policy', 'restaurant', 'customer', 'deadline'];

/** The order of `after` if `change` ended it: it was open, or not there, `before`. Pure. */
export function endedBy(
  change: OrderEvent,
  before: OrderRow | undefined,
  after: OrderRow,
): EndedOrder | undefined {
  if (!hasEnded(after) || hasEnded(before)) return undefined;
  const who = 'decidedBy' in change ? change.decidedBy : 'payment';
  return {
    status: after.status,
    by: who === 'payment' || known.includes(who) ? who : 'other',
    tookMs: Math.max(0, Date.parse(after.updatedAt) - Date.parse(after.createdAt)),
  };
}

const hasEnded = (row: OrderRow | undefined): boolean =>
  row !== undefined && row.status !== 'None' && !isOpen(row);
