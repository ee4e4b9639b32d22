import type { AgreedCurrency } from '../../../shared/eventstore/agreed-currency.ts';
import type { PaymentGateway } from './payment-gateway.ts';

/**
 * `gateway`, of which nothing is asked before it is known what the amounts of the log mean;
 * no void either, for one that finds a debit without an answer asks for that debit.
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
