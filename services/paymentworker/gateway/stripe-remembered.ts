/** An in-memory Stripe that keeps state, unlike stripe-mock. For specs. */
import { setImmediate as turn } from 'node:timers/promises';
import type { Context } from '../../../shared/kit/context.ts';
import { CodedError } from '../../../shared/kit/errors.ts';
import type { Debit, DebitAnswer } from './payment-gateway.ts';
import type { StripeIntents } from './stripe-intents.ts';

/** Stripe, with what its dashboard would show. */
export interface RememberedStripe extends StripeIntents {
  /** Number of debits and voids that moved money for the order. */
  moved(orderId: string): { debits: number; voids: number };
  /** Calls of `create`. */
  readonly asked: readonly Debit[];
  /** Keys of `giveBack`, in the order of the calls. */
  readonly refundKeys: readonly string[];
  /** The next call takes effect, but its answer is lost. */
  loseNext(): void;
  /** Forgets keys, as Stripe does after a day. */
  forgetKeys(): void;
}

/** A new one. It declines the customer `broke`. */
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
