import type { AgreedCurrency } from '../../../shared/eventstore/agreed-currency.ts';
import type { PaymentGateway } from './payment-gateway.ts';

/**
 * `gateway`, not called before the log's currency is agreed. That holds for voids too,
 * because the void of an unanswered debit requests that debit.
 */
export const inAgreedMoney = (
  gateway: PaymentGateway,
  agreed: Pick<AgreedCurrency, 'check'>,
): PaymentGateway => ({
  debit: async (ctx, debit) => {
    await agreed.check(ctx);
    return gateway.debit(ctx, debit);
  },
  void: async (ctx, request) => {
    await agreed.check(ctx);
    return gateway.void(ctx, request);
  },
});
