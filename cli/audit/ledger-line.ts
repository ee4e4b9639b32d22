/** Compares a line of the ledger with the log's order. Pure. */
import { debitKey, voidKey } from '../../services/paymentworker/keys.ts';
import type { OrderTrail } from './order-trail.ts';

/** The compared part of a line of the ledger. Money in minor units. */
export interface AuditedLine {
  readonly orderId: string;
  readonly idempotencyKey: string;
  readonly customerId: string;
  readonly kind: string;
  readonly outcome: string;
  readonly amount: bigint;
  /** Empty unless debited. */
  readonly paymentId: string;
  readonly voidKey: string | null;
  readonly voided: boolean;
}

/** The part of an order that a line is compared with. */
export type PaidOrder = Pick<OrderTrail, 'row' | 'debits' | 'paymentId' | 'voidCauses'>;

/**
 * What the log says about the order and the line lacks. The line is written before the event
 * that reports it, so this is exact if the line was read after the log.
 */
export function lacking(order: PaidOrder, line: AuditedLine | undefined): string | undefined {
  if (order.row === undefined) return undefined;
  const { payment } = order.row;
  const wasDebited = order.debits > 0;
  if (payment === 'none' || (payment === 'void_requested' && !wasDebited)) return undefined;
  if (line === undefined) return `has no line, the log says ${payment}`;
  if (wasDebited && line.outcome !== 'debited') {
    return `says ${line.kind} ${line.outcome}, the log tells of a debit`;
  }
  if (wasDebited && line.paymentId !== order.paymentId) {
    return `has the payment ${line.paymentId || 'without an id'}, the log ${order.paymentId}`;
  }
  if (payment === 'failed' && line.outcome !== 'declined') {
    return `says ${line.outcome}, the log says the payment failed`;
  }
  if (payment === 'voided' && !line.voided) return 'is not voided, the log says it is';
  return undefined;
}

/**
 * What the line says and the log does not confirm. The order is created before its line, and
 * a void requested before it is done, so this is exact if the log was read after the line.
 */
export function unfounded(order: PaidOrder | undefined, line: AuditedLine): string | undefined {
  const row = order?.row;
  if (order === undefined || row === undefined || row.status === 'None') {
    // A void may come for what only looks like an order; it moves no money. Or for an
    // order that was given up after a restore (`ordersctl log recover --discard`).
    const asked = row?.payment === 'void_requested' || row?.payment === 'voided';
    return (line.kind === 'tombstone' && row !== undefined) || asked
      ? undefined
      : 'has a line, the log has no such order';
  }
  if (line.voided && row.payment !== 'void_requested' && row.payment !== 'voided') {
    return `is voided, the log says ${row.payment} and asks for no void`;
  }
  return wrongKey(order, line) ?? wrongSum(row, line);
}

/** Keys are derived from ids in the log, always the same way. */
function wrongKey(order: PaidOrder, line: AuditedLine): string | undefined {
  const voidKeys = order.voidCauses.map(voidKey);
  const keys = line.kind === 'tombstone' ? voidKeys : [debitKey(line.orderId)];
  if (!keys.includes(line.idempotencyKey)) {
    return `has the idempotency key ${line.idempotencyKey}, the log makes ${keys.join(' or ') || 'none'}`;
  }
  if (line.voidKey !== null && !voidKeys.includes(line.voidKey)) {
    return `has the void key ${line.voidKey}, the log makes ${voidKeys.join(' or ') || 'none'}`;
  }
  return undefined;
}

function wrongSum(row: NonNullable<PaidOrder['row']>, line: AuditedLine): string | undefined {
  if (line.kind === 'tombstone') {
    return line.amount === 0n && line.outcome !== 'debited'
      ? undefined
      : `says ${line.outcome} ${line.amount} on a line without a debit`;
  }
  if (!['asked', 'debited', 'declined'].includes(line.outcome)) return `says ${line.outcome}`;
  if (line.amount !== row.amountMinor) {
    return `says ${line.amount}, the order costs ${row.amountMinor} (minor units)`;
  }
  if (line.customerId !== row.customerId) {
    return `names the customer ${line.customerId}, the order ${row.customerId}`;
  }
  return undefined;
}
