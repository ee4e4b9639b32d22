/**
 * A payment gateway that moves no money. It keeps a ledger, so that what the
 * workers did can be counted, and it can be told to behave as badly as real
 * ones do. Development and tests only.
 */
import { randomInt } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { newId } from '../../shared/contracts/ids.ts';
import type { Minor } from '../../shared/domain/money.ts';
import { CodedError } from '../../shared/kit/errors.ts';
import type { Ledger } from './ledger.ts';
import type { Debit, DebitAnswer, PaymentGateway } from './payment-gateway.ts';

/** How the simulated gateway behaves. */
export interface Simulation {
  /** Declines debits of more than this; MAX_AMOUNT: none. */
  readonly declineAbove: Minor;
  /** Declines every debit of these customers. */
  readonly declineCustomers: readonly string[];
  /** Takes this long for each answer, in milliseconds. */
  readonly delayMs: number;
  /**
   * Share of calls, 0 to 1, that fail as if the connection was lost. Half of
   * them fail after the debit was entered: the caller cannot know.
   */
  readonly failureRate: number;
}

/** A gateway over `ledger`. `random` (from 0 up to 1) is replaced by tests. */
export function simulatedGateway(
  ledger: Ledger,
  simulation: Simulation,
  random: () => number = () => randomInt(1_000_000) / 1_000_000,
): PaymentGateway {
  return {
    async debit(ctx, debit) {
      if (simulation.delayMs > 0)
        await sleep(simulation.delayMs, undefined, { signal: ctx.signal });
      const luck = random();
      if (luck < simulation.failureRate / 2) throw lost();
      const entry = await ledger.enter(ctx, debit, answerTo(debit, simulation));
      if (luck < simulation.failureRate) throw lost();
      if (
        entry.orderId !== debit.orderId ||
        entry.customerId !== debit.customerId ||
        entry.amount !== String(debit.amount)
      ) {
        throw new CodedError(
          'already_exists',
          'idempotency_key_reused',
          `The idempotency key of this debit was used for another debit, of order ${entry.orderId}.`,
        );
      }
      return entry.outcome === 'debited'
        ? { outcome: 'debited', paymentId: entry.paymentId }
        : { outcome: 'declined', reason: entry.reason };
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
