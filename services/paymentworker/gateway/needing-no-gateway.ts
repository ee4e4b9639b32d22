import { type Charging, unchargeable } from '../../../shared/domain/charging.ts';
import { newId } from '../../../shared/eventstore/ids.ts';
import type { Context } from '../../../shared/kit/context.ts';
import { answerIn, type Ledger } from './ledger.ts';
import type { Debit, DebitAnswer, PaymentGateway } from './payment-gateway.ts';

/**
 * Answers debits that need no gateway and passes the rest to `gateway`: a debit of
 * nothing succeeds at once, and an amount that cannot be charged is declined with the
 * reason. ordersvc refuses such orders, so they came another way. The answers are in
 * the ledger like all others, so that voids and repeats find them.
 */
export function needingNoGateway(
  gateway: PaymentGateway,
  ledger: Pick<Ledger, 'enter' | 'settle'>,
  charging: Charging,
): PaymentGateway {
  async function nothing(ctx: Context, debit: Debit): Promise<DebitAnswer> {
    const free: DebitAnswer = { outcome: 'debited', paymentId: newId() };
    const line = await ledger.enter(ctx, debit, free);
    // An older release may have asked a gateway for it. No gateway charges nothing, so no money moved.
    return (
      answerIn(line, debit) ??
      answerIn(await ledger.settle(ctx, debit.orderId, free), debit) ??
      free
    );
  }

  return {
    async debit(ctx, debit) {
      if (debit.amount === 0) return nothing(ctx, debit);
      const reason = unchargeable(debit.amount, charging);
      if (reason === undefined) return gateway.debit(ctx, debit);
      const line = await ledger.enter(ctx, debit, { outcome: 'declined', reason });
      // Under other rules a gateway may have been asked and may have charged: it knows.
      return answerIn(line, debit) ?? gateway.debit(ctx, debit);
    },
    void: (ctx, request) => gateway.void(ctx, request),
  };
}
