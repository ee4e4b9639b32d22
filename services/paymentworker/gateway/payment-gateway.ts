import type { Context } from '../../../shared/kit/context.ts';
import type { Minor } from '../../../shared/money/money.ts';

/** An amount to take from an order's customer. */
export interface Debit {
  /** Identifies the debit: requested again with the same key, it is taken once. */
  readonly idempotencyKey: string;
  /** An order has one debit, so its void finds it by this. */
  readonly orderId: string;
  readonly customerId: string;
  readonly amount: Minor;
}

/** The gateway's answer to a debit, final for its key. */
export type DebitAnswer =
  | {
      readonly outcome: 'debited';
      /** The gateway's id of the payment. */
      readonly paymentId: string;
    }
  | {
      readonly outcome: 'declined';
      /** For people: why no money was taken. `VOIDED` if a void came first. */
      readonly reason: string;
    };

/** The reason of a debit that was declined because the order was voided first. */
export const VOIDED = 'voided';

/**
 * Undoes an order's debit. It names the order, not the debit's key: an order has one
 * debit, whatever its key, and the caller may never have seen the event from which the
 * key is derived.
 */
export interface Void {
  /** Identifies the void. An order is voided once; a second key gets the first answer. */
  readonly idempotencyKey: string;
  readonly orderId: string;
}

/** The gateway's answer to a void. */
export interface VoidAnswer {
  /** The payment that was given back; empty: no money was taken, and none will be. */
  readonly paymentId: string;
}

/**
 * The service that moves money. All implementations pass the suite in
 * payment-gateway-contract.ts.
 *
 * No call only asks for a debit's outcome: to find out, request the debit again with
 * its key. That gives the first answer if there was one, and otherwise does what the lost
 * call should have done. A look-up that found nothing would have to be followed by the
 * debit anyway, and could not tell "never arrived" from "on its way".
 */
export interface PaymentGateway {
  /**
   * Takes the amount, or says why not. May be called again with the same debit, even
   * concurrently and after its void: the first answer comes back and money moves once. If
   * the order was voided first, the debit is declined with the reason `VOIDED`. A debit
   * that can never pass (because of its amount, currency or card) is declined too; an
   * error means that it may pass later or with another configuration.
   *
   * Errors, by kind: `already_exists` (the key was used for another order, customer or
   * amount, or the order was debited under another key), `unavailable` and `timeout` (it
   * is unknown whether money moved: ask again with the same key).
   */
  debit(ctx: Context, debit: Debit): Promise<DebitAnswer>;

  /**
   * Gives back what the order's debit took. A debit that the gateway has not seen is
   * refused from now on. May be called again, even concurrently with itself and with the
   * debit: the first answer comes back and money moves once.
   *
   * Errors, by kind: `already_exists` (the key was used for another order), `unavailable`
   * and `timeout` (it is unknown what was done: ask again).
   */
  void(ctx: Context, request: Void): Promise<VoidAnswer>;
}
