import { background, type Context, withTimeLeft } from '../kit/context.ts';
import { CodedError, codedError } from '../kit/errors.ts';
import { configError } from '../kit/process/config.ts';
import type { Component } from '../kit/process/lifecycle.ts';
import { isUnimplemented } from '../kit/transport/grpc/grpc-status.ts';
import { type Currency, currencyText } from '../money/currency.ts';
import type { EventStore } from './event-store.ts';

/**
 * That this process counts in the currency that the log is kept in. Amounts stand in
 * the log without their currency: read with another, they mean something else.
 *
 * As a component it asks when it starts, and refuses to start (ConfigError) where the two
 * differ.
 * Where nobody can tell at that moment, the process starts all the same, asks again
 * until it is told, and is not ready meanwhile; `check` keeps it from doing anything
 * that hangs on an amount.
 */
export interface AgreedCurrency extends Component {
  readonly start: () => Promise<void>;
  readonly stop: () => Promise<void>;
  readonly notReady: () => string | undefined;
  /**
   * Undefined once it is known that they agree. Else asks, and rejects with what asking
   * rejects with (where the log's amounts may be counted otherwise than its currency is
   * now: code `currency_recounted`), or with `unavailable` (code `currency_differs`).
   */
  check(ctx: Context): Promise<void> | undefined;
}

export interface AgreedCurrencyOptions {
  /** For one asking, in milliseconds. */
  readonly patienceMs?: number;
  /** The pause before the next attempt, in milliseconds. */
  readonly againMs?: number;
  /**
   * Called if the difference is found only after the start. By default it ends the process;
   * the next start says why.
   */
  readonly differs?: (error: Error) => void;
}

/** `settle` resolves with the log's currency, and records ours if there is none. */
export function agreedCurrency(
  configured: Currency,
  settle: (ctx: Context, configured: Currency) => Promise<Currency>,
  options: AgreedCurrencyOptions = {},
): AgreedCurrency {
  const { patienceMs = 3_000, againMs = 250, differs = endProcess } = options;
  let agreed = false;
  let why = "the log's currency is not known yet";
  let again: NodeJS.Timeout | undefined;
  let stopped = false;

  async function look(ctx: Context): Promise<void> {
    if (agreed) return;
    const written = await settle(ctx, configured).catch((error: unknown) => {
      // An event store of before: it does not know either, and services of before do not ask.
      if (isUnimplemented(error)) return configured;
      throw error;
    });
    agreed = written.code === configured.code && written.decimals === configured.decimals;
    if (!agreed) throw currencyDiffers(written, configured);
  }

  const soon = () => withTimeLeft(background(), patienceMs);

  function lookAgain(): void {
    if (stopped || agreed) return;
    again = setTimeout(async () => {
      try {
        await look(soon());
      } catch (error) {
        why = codedError(error).message;
        if (isDifference(error)) return differs(error as Error);
        lookAgain();
      }
    }, againMs);
  }

  return {
    name: 'currency',
    start: async () => {
      try {
        await look(soon());
      } catch (error) {
        if (isDifference(error)) throw configError([codedError(error).message]);
        lookAgain();
      }
    },
    stop: async () => {
      stopped = true;
      clearTimeout(again);
    },
    notReady: () => (agreed ? undefined : why),
    check: (ctx) => (agreed ? undefined : look(ctx)),
  };
}

/**
 * `store`, which takes nothing before it is known that it counts as we do: no event, and no
 * letter, for what cannot be read in another currency is not given up for that. It starts
 * and stops `agreed` with itself.
 */
export function inAgreedCurrency(
  store: EventStore & Component,
  agreed: AgreedCurrency,
): EventStore & Component {
  return {
    ...store,
    append: async (ctx, append) => {
      const looking = agreed.check(ctx);
      if (looking !== undefined) await looking;
      return store.append(ctx, append);
    },
    park: async (ctx, letter) => {
      await agreed.check(ctx);
      return store.park(ctx, letter);
    },
    start: async () => {
      await store.start?.();
      await agreed.start();
    },
    notReady: () => store.notReady?.() ?? agreed.notReady(),
    stop: async () => {
      await agreed.stop();
      await store.stop?.();
    },
  };
}

/** That they do not agree, and will not by waiting. */
const isDifference = (error: unknown) =>
  ['currency_differs', 'currency_recounted'].includes(codedError(error).code);

/** `configured` is not what the log is kept in. */
export const currencyDiffers = (written: Currency, configured: Currency) =>
  new CodedError(
    'unavailable',
    'currency_differs',
    `The log's currency is ${currencyText(written)}, but CURRENCY says ${currencyText(configured)}. A log's currency never changes: set CURRENCY=${written.code}, or start a new log.`,
  );

/** Nobody handles it, and such an error ends a process. */
function endProcess(error: Error): void {
  setImmediate(() => {
    throw error;
  });
}
