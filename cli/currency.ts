import type { EventStore } from '../shared/eventstore/event-store.ts';
import { background } from '../shared/kit/context.ts';
import { setting } from '../shared/kit/process/setting.ts';
import { isUnimplemented } from '../shared/kit/transport/grpc/grpc-status.ts';
import { type Currency, currencyOf } from '../shared/money/currency.ts';
import { UsageError } from './option.ts';
import { fromEnvironment } from './settings.ts';

/** CURRENCY, or the services' default. Throws UsageError. */
export const configuredCurrency = (): Currency =>
  fromEnvironment(setting.currency('USD'), 'CURRENCY');

/**
 * The currency that the log of `store` records, or CURRENCY while it records none.
 * Throws UsageError if the two differ: the caller means another log.
 */
export async function currencyOfLog(store: Pick<EventStore, 'currency'>): Promise<Currency> {
  const configured = configuredCurrency();
  const written = await store.currency(background()).catch((error: unknown) => {
    // An event store of an older release cannot tell.
    if (isUnimplemented(error)) return undefined;
    throw error;
  });
  const told = process.env.CURRENCY?.trim();
  if (written !== undefined && told && currencyOf(told)?.code !== written.code) {
    throw new UsageError(
      `CURRENCY is ${told}, but the log's currency is ${written.code}: unset CURRENCY, or name another event store`,
    );
  }
  return written ?? configured;
}
