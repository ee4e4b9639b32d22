/** A payment gateway in memory: what the contract of PaymentGateway asks for, and a count of what moved. */

import { type PaymentGateway, VOIDED } from '../../services/paymentworker/payment-gateway.ts';
import type { Minor } from '../../shared/domain/money.ts';

export interface MemoryGateway extends PaymentGateway {
  /** Times that money was taken for an order, and given back. */
  moved(orderId: string): {
    readonly debits: number;
    readonly voids: number;
    readonly kept: number;
  };
}

interface Account {
  answer: 'debited' | 'declined' | 'tombstone' | undefined;
  amount: Minor | undefined;
  voided: boolean;
  debits: number;
  voids: number;
}

/** @param declines the orders whose debit is declined */
export function memoryGateway(declines: (orderId: string) => boolean): MemoryGateway {
  const accounts = new Map<string, Account>();
  const account = (orderId: string): Account => {
    const found = accounts.get(orderId);
    if (found !== undefined) return found;
    const made = { answer: undefined, amount: undefined, voided: false, debits: 0, voids: 0 };
    accounts.set(orderId, made);
    return made;
  };
  return {
    debit: async (_ctx, { orderId, amount }) => {
      const own = account(orderId);
      if (own.answer === undefined) {
        own.answer = declines(orderId) ? 'declined' : 'debited';
        if (own.answer === 'debited') {
          own.debits++;
          own.amount = amount;
        }
      }
      if (own.answer === 'debited') return { outcome: 'debited', paymentId: `payment-${orderId}` };
      const reason = own.answer === 'tombstone' ? VOIDED : 'no credit';
      return { outcome: 'declined', reason };
    },
    void: async (_ctx, { orderId }) => {
      const own = account(orderId);
      own.answer ??= 'tombstone';
      if (own.answer !== 'debited') return { paymentId: '' };
      if (!own.voided) {
        own.voided = true;
        own.voids++;
      }
      return { paymentId: `payment-${orderId}` };
    },
    moved: (orderId) => {
      const { debits, voids, amount } = account(orderId);
      return { debits, voids, kept: (debits - voids) * (amount ?? 0) };
    },
  };
}
