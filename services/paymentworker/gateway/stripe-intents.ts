/**
 * Calls to Stripe, and its errors in our terms. It keeps no state; stripe-gateway.ts has
 * the rules.
 */
import type Stripe from 'stripe';
import { type StripeCharging, unchargeable } from '../../../shared/domain/charging.ts';
import { type Context, remaining } from '../../../shared/kit/context.ts';
import { CodedError } from '../../../shared/kit/errors.ts';
import type { Secret } from '../../../shared/kit/process/secret.ts';
import { unlessAborted } from '../../../shared/kit/unless-aborted.ts';
import type { Debit, DebitAnswer } from './payment-gateway.ts';
import { stripePackage } from './stripe-package.ts';

export interface StripeOptions {
  /** Read at each call: it may change. */
  readonly secretKey: Secret;
  /** Such as `https://api.stripe.com`. */
  readonly apiBase: string;
  readonly charging: StripeCharging;
  /** Orders name no card, so this one pays for all debits: `pm_card_visa` in Stripe's test mode. */
  readonly paymentMethod: string;
  /** Applies where a call's context has no nearer deadline, in milliseconds. */
  readonly timeoutMs: number;
}

/**
 * Stripe's payment intents. All methods reject with CodedError: `unavailable` (it is
 * unknown what was done), `already_exists` (the key was used with other content) or
 * `invalid` (Stripe rejects the request). Stripe keeps keys for 24 hours.
 */
export interface StripeIntents {
  /** Creates and confirms an intent, once for each key. */
  create(ctx: Context, debit: Debit): Promise<DebitAnswer>;
  /**
   * The outcome of the order's intent, found by its metadata; undefined if there is none.
   * Stripe's search lags by up to an hour.
   */
  find(ctx: Context, orderId: string): Promise<DebitAnswer | undefined>;
  /** Refunds the intent, or cancels it if no money moved. An intent already given back stays so. */
  giveBack(ctx: Context, paymentId: string, idempotencyKey: string): Promise<void>;
}

/** Connects on first use. Does not retry: the middlewares around it do. */
export function stripeIntents(options: StripeOptions): StripeIntents {
  const { hostname, port, protocol } = new URL(options.apiBase);
  const http = protocol === 'http:';
  const Package = stripePackage();
  const stripe = new Package(options.secretKey.reveal(), {
    host: hostname,
    port: port || (http ? 80 : 443),
    protocol: http ? 'http' : 'https',
    maxNetworkRetries: 0,
    telemetry: false,
  });

  async function ask<T>(
    ctx: Context,
    call: (options: Stripe.RequestOptions) => Promise<T>,
    idempotencyKey?: string,
  ): Promise<T> {
    const timeout = Math.max(1, remaining(ctx, options.timeoutMs));
    try {
      const key = idempotencyKey === undefined ? {} : { idempotencyKey };
      const apiKey = options.secretKey.reveal();
      return await unlessAborted(call({ timeout, apiKey, ...key }), ctx.signal);
    } catch (error) {
      const { errors } = Package;
      throw error instanceof errors.StripeError ? coded(error, errors) : error;
    }
  }

  /** The outcome of an intent. A key returns its first answer for ever, so an unsettled intent is read again. */
  async function outcome(ctx: Context, intent: Stripe.PaymentIntent): Promise<DebitAnswer> {
    const { id, status, last_payment_error } =
      intent.status === 'processing'
        ? await ask(ctx, (request) => stripe.paymentIntents.retrieve(intent.id, {}, request))
        : intent;
    if (status === 'succeeded') return { outcome: 'debited', paymentId: id };
    if (status === 'processing') throw unsettled();
    return { outcome: 'declined', reason: last_payment_error?.message ?? `payment ${status}` };
  }

  return {
    async create(ctx, { idempotencyKey, orderId, customerId, amount }) {
      // Stripe cannot have charged such an amount and never will. One below the minimum may have been charged.
      const never =
        amount % options.charging.step === 0 ? undefined : unchargeable(amount, options.charging);
      if (never !== undefined) return { outcome: 'declined', reason: never };
      try {
        const intent = await ask(
          ctx,
          (request) =>
            stripe.paymentIntents.create(
              {
                amount: options.charging.stripeAmount(amount),
                currency: options.charging.stripeCode,
                payment_method: options.paymentMethod,
                // A redirect to a page is impossible: no customer is present.
                automatic_payment_methods: { enabled: true, allow_redirects: 'never' },
                confirm: true,
                // No customer is present to confirm: a payment that needs confirmation is declined.
                off_session: true,
                error_on_requires_action: true,
                metadata: { order_id: orderId, customer_id: customerId },
              },
              request,
            ),
          idempotencyKey,
        );
        return await outcome(ctx, intent);
      } catch (error) {
        const reason = declined(error);
        if (reason === undefined) throw error;
        return { outcome: 'declined', reason };
      }
    },

    async find(ctx, orderId) {
      const quoted = orderId.replace(/['\\]/g, '\\$&');
      const { data } = await ask(ctx, (request) =>
        stripe.paymentIntents.search({ query: `metadata['order_id']:'${quoted}'` }, request),
      );
      const intent = data.find(({ status }) => status === 'succeeded') ?? data[0];
      return intent && outcome(ctx, intent);
    },

    async giveBack(ctx, paymentId, idempotencyKey) {
      const { status } = await ask(ctx, (request) =>
        stripe.paymentIntents.retrieve(paymentId, {}, request),
      );
      if (status === 'canceled') return;
      if (status === 'processing') throw unsettled();
      if (status !== 'succeeded') {
        await ask(
          ctx,
          (request) => stripe.paymentIntents.cancel(paymentId, {}, request),
          idempotencyKey,
        );
        return;
      }
      try {
        const refund = await ask(
          ctx,
          (request) => stripe.refunds.create({ payment_intent: paymentId }, request),
          idempotencyKey,
        );
        if (refund.status === 'failed' || refund.status === 'canceled') {
          throw new CodedError('internal', 'refund_failed', `The refund is ${refund.status}.`);
        }
      } catch (error) {
        // Refunded by an earlier attempt whose key Stripe has forgotten, or by hand.
        if (codeIn(error) !== 'charge_already_refunded') throw error;
      }
    },
  };
}

/** Stripe's code in an error made by `coded`. */
const codeIn = (error: unknown): string | undefined =>
  error instanceof CodedError && error.cause instanceof StripeRefusal
    ? error.cause.stripeCode
    : undefined;

/** Parameters that come from the order: if Stripe rejects one of these, the debit is declined for good. */
const OF_THE_ORDER = ['amount', 'currency'];

/** Codes that mean the same when Stripe names no parameter. */
const REFUSED_FOR_GOOD = [
  'amount_too_large',
  'amount_too_small',
  'country_unsupported',
  'currency_not_supported',
  'invalid_charge_amount',
  'payment_method_currency_mismatch',
  'payment_method_unsupported_type',
];

/**
 * The reason if an error is really a declined debit; otherwise undefined. An error that
 * concerns the account, such as an unknown payment method, is not an answer: once that is
 * fixed, the same debit may pass.
 */
function declined(error: unknown): string | undefined {
  if (!(error instanceof CodedError) || !(error.cause instanceof StripeRefusal)) return undefined;
  const { type, stripeCode = '', parameter = '', said } = error.cause;
  if (type === 'StripeCardError') return said;
  if (type !== 'StripeInvalidRequestError') return undefined;
  const forGood = REFUSED_FOR_GOOD.includes(stripeCode) || OF_THE_ORDER.includes(parameter);
  return forGood ? said : undefined;
}

/** Stripe's error without its headers and its request. */
class StripeRefusal extends Error {
  override readonly name = 'StripeRefusal';
  readonly type: string;
  readonly stripeCode: string | undefined;
  readonly parameter: string | undefined;
  readonly said: string;

  constructor({ type, code, param, message, statusCode, requestId }: Stripe.errors.StripeError) {
    // Without the message, which for a rejected key shows part of it.
    super([type, code, statusCode, requestId].filter((part) => part !== undefined).join(' '));
    this.type = type;
    this.stripeCode = code;
    this.parameter = param;
    this.said = type === 'StripeAuthenticationError' ? '' : message;
  }
}

function coded(error: Stripe.errors.StripeError, errors: typeof Stripe.errors): CodedError {
  const cause = new StripeRefusal(error);
  if (error instanceof errors.StripeIdempotencyError) {
    return new CodedError(
      'already_exists',
      'idempotency_key_reused',
      'The idempotency key was already used for another request.',
      { cause },
    );
  }
  const atFault =
    error instanceof errors.StripeInvalidRequestError || error instanceof errors.StripeCardError;
  if (atFault) {
    return new CodedError(
      'invalid',
      'payment_gateway_refused',
      'The payment gateway refused the request.',
      {
        cause,
      },
    );
  }
  // Includes 409: another request with the same key is in progress.
  return new CodedError(
    'unavailable',
    'payment_gateway_unavailable',
    'The payment gateway gave an unexpected answer.',
    { cause },
  );
}

const unsettled = () =>
  new CodedError('unavailable', 'payment_processing', 'The payment is still being processed.');
