/** A payment gateway in memory: what the contract of PaymentGateway asks for, and a count of what moved. */

import {
  type PaymentGateway,
  VOIDED,
} from '../../services/paymentworker/gateway/payment-gateway.ts';

export interface MemoryGateway extends PaymentGateway {
  /** Times that money was taken for an order, and given back. */
  moved(orderId: string): {
    readonly debits: number;
    readonly voids: number;
    readonly kept: number;
    /** It was declined, or voided before it was debited: a debit that comes is refused. */
    readonly refused: boolean;
  };
  /** Idempotency keys are kept for a while only; from now on a debit of the order is a new one. */
  forget(orderId: string): void;
}

interface Account {
  /** By idempotency key. */
  readonly debited: Set<string>;
  declined: boolean;
  /** Voided before it was debited. */
  tombstone: boolean;
  taken: number;
  givenBack: number;
  debits: number;
  voids: number;
}

const opened = (): Account => ({
  debited: new Set(),
  declined: false,
  tombstone: false,
  taken: 0,
  givenBack: 0,
  debits: 0,
  voids: 0,
});

/** @param declines the orders whose debit is declined */
export function memoryGateway(declines: (orderId: string) => boolean): MemoryGateway {
  const accounts = new Map<string, Account>();
  const account = (orderId: string): Account => {
    const own = accounts.get(orderId) ?? opened();
    accounts.set(orderId, own);
    return own;
  };
  return {
    debit: async (_ctx, { idempotencyKey, orderId, amount }) => {
      const own = account(orderId);
      if (own.tombstone) return { outcome: 'declined', reason: VOIDED };
      if (declines(orderId)) {
        own.declined = true;
        return { outcome: 'declined', reason: 'no credit' };
      }
      if (!own.debited.has(idempotencyKey)) {
        own.debited.add(idempotencyKey);
        own.debits++;
        own.taken += amount;
      }
      return { outcome: 'debited', paymentId: `payment-${orderId}` };
    },
    void: async (_ctx, { orderId }) => {
      const own = account(orderId);
      if (own.debits === 0) {
        own.tombstone = true;
        return { paymentId: '' };
      }
      if (own.voids === 0) {
        own.voids++;
        own.givenBack = own.taken;
      }
      return { paymentId: `payment-${orderId}` };
    },
    moved: (orderId) => {
      const { debits, voids, taken, givenBack, declined, tombstone } = account(orderId);
      return { debits, voids, kept: taken - givenBack, refused: declined || tombstone };
    },
    forget: (orderId) => {
      account(orderId).debited.clear();
      account(orderId).tombstone = false;
    },
  };
}
