import type { Context } from '../../../shared/kit/context.ts';
import type { Minor } from '../../../shared/money/money.ts';

/** One order's amount to be taken from its customer. */
export interface Debit {
  /** The debit's identity: asked again with the same key, it is taken once. */
  readonly idempotencyKey: string;
  /** An order has one debit. That is also how its void finds it. */
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
      /** For people: why the money was not taken. `VOIDED` where a void came first. */
      readonly reason: string;
    };

/** The reason of a debit that is declined because its order's void came before it. */
export const VOIDED = 'voided';

/**
 * Undoes an order's debit. It names the order, not the debit's key, because the
 * caller may never have seen the event that the key derives from, and because an
 * order has one debit, whatever its key.
 */
export interface Void {
  /** The void's identity. An order is voided once; a second key gets the first answer too. */
  readonly idempotencyKey: string;
  readonly orderId: string;
}

/** What the gateway says to a void. */
export interface VoidAnswer {
  /** The payment that was given back; empty: no money was taken, and none will be. */
  readonly paymentId: string;
}

/**
 * The service that moves the money. All implementations pass the suite in
 * payment-gateway-contract.ts.
 *
 * There is no call that only asks what became of a debit: asking for it again
 * with its key is that call. It gives the first answer where there was one, and
 * where there was none it does what the lost call should have done. A look-up
 * that found nothing would have to be followed by the debit anyway, and could
 * not tell "never came" from "on its way".
 */
export interface PaymentGateway {
  /**
   * Takes the amount, or says why not. May be called again with the same debit,
   * also at the same time, also after its void: the first answer comes back and
   * money moves once. An order that was voided before its debit came is declined
   * with the reason `VOIDED`. What can never pass (the amount, the currency, the
   * card) is declined too: only what may pass later, or by another configuration,
   * is an error.
   *
   * Errors, by kind: `already_exists` (the key was used for another order,
   * customer or amount, or the order was debited under another key),
   * `unavailable` and `timeout` (whether money moved is unknown: ask again with
   * the same key).
   */
  debit(ctx: Context, debit: Debit): Promise<DebitAnswer>;

  /**
   * Gives back what the order's debit took. A debit that the gateway has not
   * seen is refused from now on. May be called again, also at the same time as
   * itself or as the debit: the first answer comes back and money moves once.
   *
   * Errors, by kind: `already_exists` (the key was used for another order),
   * `unavailable` and `timeout` (what was done is unknown: ask again).
   */
  void(ctx: Context, request: Void): Promise<VoidAnswer>;
}
