/**
 * A payment gateway that moves no money. It keeps a ledger, so that what the
 * workers did can be counted, and it can be told to behave as badly as real
 * ones do. Development and tests only.
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
  /** Declines debits of more than this; MAX_AMOUNT: none. */
  readonly declineAbove: Minor;
  /** Declines every debit of these customers. */
  readonly declineCustomers: readonly string[];
  /** Never answers a debit of these customers, and enters none. Their voids are answered. */
  readonly failCustomers: readonly string[];
  /** Takes `slowMs` longer for each debit of these customers. */
  readonly slowCustomers: readonly string[];
  /** In milliseconds. */
  readonly slowMs: number;
  /** Takes this long for each answer, in milliseconds. */
  readonly delayMs: number;
  /**
   * Share of calls, 0 to 1, that fail as if the connection was lost. Half of
   * them fail after the call was entered: the caller cannot know.
   */
  readonly failureRate: number;
}

/** A gateway over `ledger`. `random` (from 0 up to 1) is replaced by tests. */
export function simulatedGateway(
  ledger: Ledger,
  simulation: Simulation,
  random: () => number = () => randomInt(1_000_000) / 1_000_000,
): PaymentGateway {
  /** Takes its time, and loses the connection before `work` or after it. */
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
