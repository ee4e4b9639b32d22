import { type Charging, unchargeable } from '../../../shared/domain/charging.ts';
import { newId } from '../../../shared/eventstore/ids.ts';
import type { Context } from '../../../shared/kit/context.ts';
import { answerIn, type Ledger } from './ledger.ts';
import type { Debit, DebitAnswer, PaymentGateway } from './payment-gateway.ts';

/**
 * `gateway`, relieved of the debits whose answer is known without it: nothing is
 * debited at once, and what cannot be charged is declined with the reason. Such an
 * order did not come by ordersvc, which refuses it. The answers stand in the ledger
 * like all others, so that a void and a repeat find them.
 */
export function needingNoGateway(
  gateway: PaymentGateway,
  ledger: Pick<Ledger, 'enter' | 'settle'>,
  charging: Charging,
): PaymentGateway {
  async function nothing(ctx: Context, debit: Debit): Promise<DebitAnswer> {
    const free: DebitAnswer = { outcome: 'debited', paymentId: newId() };
    const line = await ledger.enter(ctx, debit, free);
    // An older release may have asked a gateway for it. None takes nothing, so nothing was taken.
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
      // One that was asked for by other rules may have been taken: the gateway knows.
      return answerIn(line, debit) ?? gateway.debit(ctx, debit);
    },
    void: (ctx, request) => gateway.void(ctx, request),
  };
}
