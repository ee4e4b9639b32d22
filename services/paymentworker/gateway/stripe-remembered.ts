/** A Stripe in memory that remembers, as stripe-mock does not. For specs. */
import { setImmediate as turn } from 'node:timers/promises';
import type { Context } from '../../../shared/kit/context.ts';
import { CodedError } from '../../../shared/kit/errors.ts';
import type { Debit, DebitAnswer } from './payment-gateway.ts';
import type { StripeIntents } from './stripe-intents.ts';

/** Stripe, and what its dashboard would show. */
export interface RememberedStripe extends StripeIntents {
  /** Money moved for the order, in number of movements. */
  moved(orderId: string): { debits: number; voids: number };
  /** Calls of `create`. */
  readonly asked: readonly Debit[];
  /** Keys of `giveBack`, in the order of the calls. */
  readonly refundKeys: readonly string[];
  /** The answer of the next call, whatever it is, is lost after it was done. */
  loseNext(): void;
  /** As after a day. */
  forgetKeys(): void;
}

/** Declines the customer `broke`. */
export function rememberedStripe(): RememberedStripe {
  const byKey = new Map<string, DebitAnswer>();
  const orders = new Map<string, string>();
  const refunded = new Set<string>();
  const asked: Debit[] = [];
  const refundKeys: string[] = [];
  let losing = false;
  let made = 0;

  async function answered<T>(answer: T): Promise<T> {
    await turn();
    if (!losing) return answer;
    losing = false;
    throw new CodedError('unavailable', 'payment_gateway_unavailable', 'The answer was lost.');
  }

  return {
    asked,
    refundKeys,
    async create(_ctx: Context, debit: Debit) {
      asked.push(debit);
      await turn();
      const known = byKey.get(debit.idempotencyKey);
      if (known !== undefined) return answered(known);
      const paymentId = `pi_${++made}`;
      const answer: DebitAnswer =
        debit.customerId === 'broke'
          ? { outcome: 'declined', reason: 'Your card has insufficient funds.' }
          : { outcome: 'debited', paymentId };
      byKey.set(debit.idempotencyKey, answer);
      if (answer.outcome === 'debited') orders.set(paymentId, debit.orderId);
      return answered(answer);
    },
    async find(_ctx: Context, orderId: string) {
      const found = [...orders].find(([, order]) => order === orderId);
      return answered<DebitAnswer | undefined>(
        found && { outcome: 'debited', paymentId: found[0] },
      );
    },
    async giveBack(_ctx: Context, paymentId: string, idempotencyKey: string) {
      refundKeys.push(idempotencyKey);
      refunded.add(paymentId);
      await answered(undefined);
    },
    moved(orderId) {
      const payments = [...orders].filter(([, order]) => order === orderId);
      const voids = payments.filter(([paymentId]) => refunded.has(paymentId)).length;
      return { debits: payments.length, voids };
    },
    loseNext() {
      losing = true;
    },
    forgetKeys() {
      byKey.clear();
    },
  };
}
