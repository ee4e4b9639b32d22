import { background, type Context, withTimeLeft } from '../kit/context.ts';
import { CodedError, codedError } from '../kit/errors.ts';
import { configError } from '../kit/process/config.ts';
import type { Component } from '../kit/process/lifecycle.ts';
import { isUnimplemented } from '../kit/transport/grpc/grpc-status.ts';
import { type Currency, currencyText } from '../money/currency.ts';
import type { EventStore } from './event-store.ts';

/**
 * Ensures that this process counts in the log's currency. The log stores amounts without
 * their currency: read with another, they mean something else.
 *
 * As a component it asks when it starts, and refuses to start (ConfigError) if the two
 * differ. If nobody can tell at that moment, the process starts anyway, keeps asking, and
 * is not ready meanwhile; `check` blocks everything that depends on an amount.
 */
export interface AgreedCurrency extends Component {
  readonly start: () => Promise<void>;
  readonly stop: () => Promise<void>;
  readonly notReady: () => string | undefined;
  /**
   * Undefined once the two are known to agree. Otherwise asks, and rejects with the error
   * of asking (code `currency_recounted` if the log's amounts may be counted differently
   * than its currency is now), or with `unavailable` (code `currency_differs`).
   */
  check(ctx: Context): Promise<void> | undefined;
}

export interface AgreedCurrencyOptions {
  /** For one attempt, in milliseconds. */
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
      // An older event store does not know either, and older services do not ask.
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
 * `store`, but it accepts nothing until the currencies are known to agree: no event, and
 * no letter, because an event must not be given up only because it cannot be read in
 * another currency. It starts and stops `agreed` with itself.
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

/** True if the currencies differ, which waiting does not change. */
const isDifference = (error: unknown) =>
  ['currency_differs', 'currency_recounted'].includes(codedError(error).code);

/** The error for a `configured` currency that is not the log's. */
export const currencyDiffers = (written: Currency, configured: Currency) =>
  new CodedError(
    'unavailable',
    'currency_differs',
    `The log's currency is ${currencyText(written)}, but CURRENCY says ${currencyText(configured)}. A log's currency never changes: set CURRENCY=${written.code}, or start a new log.`,
  );

/** Nobody handles this error, so it ends the process. */
function endProcess(error: Error): void {
  setImmediate(() => {
    throw error;
  });
}
