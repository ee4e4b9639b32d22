import type { Minor } from '../../shared/domain/money.ts';
import type { Context } from '../../shared/kit/context.ts';

/** One order's amount to be taken from its customer. */
export interface Debit {
  /** The debit's identity: asked again with the same key, it is taken once. */
  readonly idempotencyKey: string;
  readonly orderId: string;
  readonly customerId: string;
  readonly amount: Minor;
}

/** What the gateway says to a debit. Both are answers, and final for the key they were given to. */
export type DebitAnswer =
  | {
      readonly outcome: 'debited';
      /** The gateway's own id of the payment. */
      readonly paymentId: string;
    }
  | {
      readonly outcome: 'declined';
      /** For people: why the money was not taken. */
      readonly reason: string;
    };

/** Whoever moves the money. All implementations pass the suite in payment-gateway-contract.ts. */
export interface PaymentGateway {
  /**
   * Takes the amount, or says why not. May be called again with the same debit,
   * also at the same time: the first answer comes back and money moves once.
   *
   * Errors, by kind: `already_exists` (the key was used for another order,
   * customer or amount), `unavailable` and `timeout` (whether money moved is
   * unknown: ask again with the same key).
   */
  debit(ctx: Context, debit: Debit): Promise<DebitAnswer>;
}
