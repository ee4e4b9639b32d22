/** Whether a line of the ledger and the log's order agree. Pure. */
import type { OrderRow } from '../../services/querymodelworker/order-row.ts';

/** A line of the ledger, as far as it is compared. Money in minor units. */
export interface AuditedLine {
  readonly orderId: string;
  readonly customerId: string;
  readonly kind: string;
  readonly outcome: string;
  readonly amount: bigint;
  readonly voided: boolean;
}

/**
 * What the log tells of the order and the line lacks. The line comes before the
 * event that tells of it: exact for a line that was read after the log.
 */
export function lacking(
  order: Pick<OrderRow, 'payment'>,
  wasDebited: boolean,
  line: AuditedLine | undefined,
): string | undefined {
  const { payment } = order;
  if (payment === 'none' || (payment === 'void_requested' && !wasDebited)) return undefined;
  if (line === undefined) return `has no line, the log says ${payment}`;
  if (wasDebited && line.outcome !== 'debited') {
    return `says ${line.kind} ${line.outcome}, the log tells of a debit`;
  }
  if (payment === 'failed' && line.outcome !== 'declined') {
    return `says ${line.outcome}, the log says the payment failed`;
  }
  if (payment === 'voided' && !line.voided) return 'is not voided, the log says it is';
  return undefined;
}

/**
 * What the line says and the log does not bear out. The order's creation comes
 * before its line, and the request for a void before the void: exact for a log
 * that was read after the line.
 */
export function unfounded(order: OrderRow | undefined, line: AuditedLine): string | undefined {
  if (order === undefined || order.status === 'None') {
    // A void may come for what only looks like an order; it moves no money.
    return line.kind === 'tombstone' && order !== undefined
      ? undefined
      : 'has a line, the log has no such order';
  }
  if (line.voided && order.payment !== 'void_requested' && order.payment !== 'voided') {
    return `is voided, the log says ${order.payment} and asks for no void`;
  }
  if (line.kind === 'tombstone') {
    return line.amount === 0n ? undefined : `says ${line.amount} on a line without a debit`;
  }
  if (line.amount !== order.amountMinor) {
    return `says ${line.amount}, the order costs ${order.amountMinor} (minor units)`;
  }
  if (line.customerId !== order.customerId) {
    return `names the customer ${line.customerId}, the order ${order.customerId}`;
  }
  return undefined;
}
