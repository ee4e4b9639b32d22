/** Orders as rows of the console's lists. Pure. */
import type { OrderRow } from '../../../shared/contracts/console.ts';
import type { OrderAnswer } from '../../../shared/contracts/http.ts';
import {
  isOpen,
  needsVoid,
  type OrderState,
  type OrderStatus,
  type PaymentStatus,
} from '../../../shared/domain/order.ts';
import { decimalText } from '../../../shared/money/money.ts';
import { isPseudonym, pseudonymIn } from '../../../shared/personal-data/sealing.ts';

/** How long orders may wait, in milliseconds. */
export interface Patience {
  readonly paymentMs: number;
  readonly reviewMs: number;
}

/** An order folded from its events. */
export interface FoldedOrder {
  readonly orderId: string;
  readonly state: OrderState;
  readonly version: number;
  readonly createdAt: Date;
  readonly changedAt: Date;
}

/** What makes rows: the decimals of the currency, how long orders may wait, and the time in milliseconds. */
export interface RowRules {
  readonly decimals: number;
  readonly patience: Patience;
  readonly nowMs: number;
}

/** The row of an order from ordersvc's list. */
export function listedRow(
  order: OrderAnswer & { readonly changed_at?: string | undefined },
  rules: RowRules,
): OrderRow {
  const changedAt = order.changed_at ?? order.created_on;
  return {
    order_id: order.order_id,
    customer_id: order.customer_id,
    restaurant_id: order.restaurant_id,
    amount: order.amount.toFixed(rules.decimals),
    status: order.status,
    payment_status: order.payment_status,
    ...(order.reason !== undefined && { reason: order.reason }),
    version: order.version,
    created_at: order.created_on,
    changed_at: changedAt,
    ...waitOf(
      order.status as OrderStatus,
      order.payment_status,
      { createdMs: Date.parse(order.created_on), changedMs: Date.parse(changedAt) },
      rules,
    ),
  };
}

/** The row of a folded order; undefined if it was never created. What the log has sealed is left out. */
export function foldedRow(order: FoldedOrder, rules: RowRules): OrderRow | undefined {
  const { details, status, payment, reason } = order.state;
  if (details === undefined) return undefined;
  const shown = (text: string | undefined) =>
    text === undefined || isPseudonym(text) || pseudonymIn(text) !== undefined ? undefined : text;
  const customerId = shown(details.customerId);
  const said = shown(reason);
  return {
    order_id: order.orderId,
    ...(customerId !== undefined && { customer_id: customerId }),
    restaurant_id: details.restaurantId,
    amount: decimalText(details.amount, rules.decimals),
    status,
    payment_status: payment,
    ...(said !== undefined && { reason: said }),
    version: order.version,
    created_at: order.createdAt.toISOString(),
    changed_at: order.changedAt.toISOString(),
    ...waitOf(
      status,
      payment,
      { createdMs: order.createdAt.getTime(), changedMs: order.changedAt.getTime() },
      rules,
    ),
  };
}

/** When an open order's wait ends, in milliseconds since the epoch; undefined for one that has ended. */
export function dueMs(
  status: OrderStatus,
  { createdMs, changedMs }: { readonly createdMs: number; readonly changedMs: number },
  { paymentMs, reviewMs }: Patience,
): number | undefined {
  if (status === 'Pending') return createdMs + paymentMs;
  return status === 'Paid' ? changedMs + reviewMs : undefined;
}

function waitOf(
  status: OrderStatus,
  payment: PaymentStatus,
  at: { readonly createdMs: number; readonly changedMs: number },
  { patience, nowMs }: RowRules,
): Pick<OrderRow, 'waits_for' | 'due_at' | 'overdue'> {
  if (isOpen({ status })) {
    const due = dueMs(status, at, patience) ?? nowMs;
    return {
      waits_for: status === 'Pending' ? 'payment' : 'restaurant',
      ...(Number.isFinite(due) && { due_at: new Date(due).toISOString() }),
      ...(due < nowMs && { overdue: true }),
    };
  }
  const refunding = needsVoid({ status, payment }) || payment === 'void_requested';
  return refunding ? { waits_for: 'refund' } : {};
}
