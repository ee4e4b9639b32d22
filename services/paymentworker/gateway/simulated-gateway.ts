/**
 * A payment gateway that moves no money. Its ledger lets tests count what the workers
 * did, and it can misbehave like real gateways. For development and tests only.
 */
import { randomInt } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { newId } from '../../../shared/eventstore/ids.ts';
import type { Context } from '../../../shared/kit/context.ts';
import { CodedError } from '../../../shared/kit/errors.ts';
import type { Minor } from '../../../shared/money/money.ts';
import { answerIn, type Ledger } from './ledger.ts';
import type { Debit, DebitAnswer, PaymentGateway } from './payment-gateway.ts';

/** How the simulated gateway behaves. */
export interface Simulation {
  /** Declines debits above this; MAX_AMOUNT: none. */
  readonly declineAbove: Minor;
  /** Declines every debit of these customers. */
  readonly declineCustomers: readonly string[];
  /** Never answers or records a debit of these customers. Their voids are answered. */
  readonly failCustomers: readonly string[];
  /** Delays each debit of these customers by `slowMs`. */
  readonly slowCustomers: readonly string[];
  /** In milliseconds. */
  readonly slowMs: number;
  /** Delay of each answer, in milliseconds. */
  readonly delayMs: number;
  /**
   * Share of calls, 0 to 1, that fail as if the connection was lost. Half of them fail
   * after the call took effect: the caller cannot tell.
   */
  readonly failureRate: number;
}

/** A gateway over `ledger`. `random` returns 0 up to 1; tests replace it. */
export function simulatedGateway(
  ledger: Ledger,
  simulation: Simulation,
  random: () => number = () => randomInt(1_000_000) / 1_000_000,
): PaymentGateway {
  /** Waits, and may lose the connection before or after `work`. */
  async function misbehaving<T>(ctx: Context, ms: number, work: () => Promise<T>): Promise<T> {
    if (ms > 0) await sleep(ms, undefined, { signal: ctx.signal });
    const luck = random();
    if (luck < simulation.failureRate / 2) throw lost();
    const done = await work();
    if (luck < simulation.failureRate) throw lost();
    return done;
  }

  return {
    async debit(ctx, debit) {
      const { customerId } = debit;
      if (simulation.failCustomers.includes(customerId)) throw lost();
      const slow = simulation.slowCustomers.includes(customerId);
      const line = await misbehaving(ctx, simulation.delayMs + (slow ? simulation.slowMs : 0), () =>
        ledger.enter(ctx, debit, answerTo(debit, simulation)),
      );
      const answer = answerIn(line, debit);
      if (answer === undefined)
        throw new Error('another gateway has begun this line of the ledger');
      return answer;
    },

    async void(ctx, request) {
      const { paymentId } = await misbehaving(ctx, simulation.delayMs, () =>
        ledger.void(ctx, request, 'done'),
      );
      return { paymentId };
    },
  };
}

function answerTo(debit: Debit, simulation: Simulation): DebitAnswer {
  if (debit.amount > simulation.declineAbove) {
    return { outcome: 'declined', reason: 'the amount is above the limit' };
  }
  if (simulation.declineCustomers.includes(debit.customerId)) {
    return { outcome: 'declined', reason: 'the customer has no credit' };
  }
  return { outcome: 'debited', paymentId: newId() };
}

const lost = () =>
  new CodedError(
    'unavailable',
    'payment_gateway_unavailable',
    'The payment gateway did not answer.',
  );
