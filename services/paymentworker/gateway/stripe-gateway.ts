/**
 * Payments by Stripe. Stripe has idempotency keys and intents, but does not know that
 * an order has one debit, and cannot refuse a debit in advance. The ledger adds both,
 * in the order's one line:
 *
 * - A debit records its line as asked *before* it calls Stripe. A void that finds no
 *   line leaves a tombstone; a later debit finds it and never calls Stripe. The
 *   database lets only one of the two create the line.
 * - A void that finds a debit without an answer cannot tell whether Stripe has it. It
 *   requests the debit itself, with the debit's key and content from the line, and
 *   refunds the result. Another process in the middle of the same debit gets the same
 *   intent by the same key. So a customer may be charged and refunded at once, but is
 *   never charged for good.
 *
 * Each step can be repeated, so a process may die between any two.
 */

import type { Context } from '../../../shared/kit/context.ts';
import { isKind } from '../../../shared/kit/errors.ts';
import { type Minor, minor } from '../../../shared/money/money.ts';
import { answerIn, type Ledger, type LedgerLine } from './ledger.ts';
import { type Debit, type DebitAnswer, type PaymentGateway, VOIDED } from './payment-gateway.ts';
import type { StripeIntents } from './stripe-intents.ts';

/** A gateway over Stripe and `ledger`. */
export function stripeGateway(intents: StripeIntents, ledger: Ledger): PaymentGateway {
  /** The line's answer, requested from Stripe if it is not known. */
  async function settled(ctx: Context, line: LedgerLine): Promise<DebitAnswer> {
    const debit = debitOf(line);
    const known = answerIn(line, debit);
    if (known !== undefined) return known;
    // Stripe forgets keys after a day and would then charge again. Its search lags, so it
    // is used only for old lines.
    const found = line.old ? await intents.find(ctx, line.orderId) : undefined;
    const answer = found ?? (await intents.create(ctx, debit));
    return answerIn(await ledger.settle(ctx, line.orderId, answer), debit) ?? answer;
  }

  return {
    async debit(ctx, debit) {
      const line = await ledger.enter(ctx, debit, 'asked');
      return answerIn(line, debit) ?? (await settled(ctx, line));
    },

    async void(ctx, request) {
      const line = await ledger.void(ctx, request, 'asked');
      if (line.voided) return { paymentId: line.paymentId };
      const answer = await settled(ctx, line).catch(async (error): Promise<DebitAnswer> => {
        // Stripe rejects the request, so there is no debit; settled as declined, a repeat
        // will not make one.
        if (!isKind(error, 'invalid')) throw error;
        const refused: DebitAnswer = { outcome: 'declined', reason: VOIDED };
        return answerIn(await ledger.settle(ctx, line.orderId, refused), debitOf(line)) ?? refused;
      });
      if (answer.outcome === 'declined') return { paymentId: '' };
      // A debit of nothing never reached Stripe.
      if (line.amount !== '0')
        await intents.giveBack(ctx, answer.paymentId, line.voidKey ?? request.idempotencyKey);
      await ledger.void(ctx, request, 'done');
      return { paymentId: answer.paymentId };
    },
  };
}

/** The debit that began the line. */
function debitOf({ idempotencyKey, orderId, customerId, amount }: LedgerLine): Debit {
  const written: Minor = minor(Number(amount));
  return { idempotencyKey, orderId, customerId, amount: written };
}
