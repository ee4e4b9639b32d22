/** What `make bench-orders` can be told, by options and by the services' own variables. */
import { availableParallelism } from 'node:os';
import { Command } from 'commander';
import type { AuditAddresses } from '../../cli/audit/connect.ts';
import { optionOrVariable } from '../../cli/option.ts';
import { eventStoreAddress, fromEnvironment, wholeNumber } from '../../cli/settings.ts';
import { setting } from '../../shared/kit/setting.ts';

export interface BenchOptions {
  /** Of ordersvc. */
  readonly url: string;
  /** How many are posted. */
  readonly orders: number;
  /** Requests at once, at most. */
  readonly callers: number;
  /** Orders a second; undefined: as fast as the callers get their answers. */
  readonly rate: number | undefined;
  readonly json: boolean;
  readonly books: AuditAddresses & { readonly eventStoreDatabaseUrl: string };
}

const CALLERS = 64;
/** With a rate, orders are due whether or not earlier ones were answered. */
const CALLERS_WITH_RATE = 1_000;
const MOST_ORDERS = 1_000_000;

/** Throws UsageError for a wrong value, and CommanderError for an unknown option and for `--help`. */
export function readOptions(args: readonly string[]): BenchOptions {
  const command = new Command('bench-orders')
    .description(
      'Posts orders to the running stack and follows each to its end. ' +
        `Takes NATS_URL, EVENTSTORE_ADDRESS and the *_DATABASE_URL as the services do. CPUs here: ${availableParallelism()}.`,
    )
    .option('--url <url>', 'address of ordersvc (default: ORDERS_URL, or http://127.0.0.1:3000)')
    .option('--orders <n>', 'how many', '2000')
    .option(
      '--callers <n>',
      `requests at once (default: ${CALLERS}; with --rate at most ${CALLERS_WITH_RATE})`,
    )
    .option(
      '--rate <n>',
      'orders a second, answered or not (default: as fast as they are answered)',
    )
    .option('--json', 'print JSON')
    .exitOverride()
    .parse(args, { from: 'user' });
  const { url, orders, callers, rate, json } = command.opts<{
    url?: string;
    orders: string;
    callers?: string;
    rate?: string;
    json?: true;
  }>();
  const perSecond = rate === undefined ? undefined : wholeNumber('--rate', rate, 1, 100_000);
  const byDefault = perSecond === undefined ? CALLERS : CALLERS_WITH_RATE;
  return {
    url: optionOrVariable(
      setting.url('http://127.0.0.1:3000', ['http', 'https']),
      { name: '--url', value: url },
      'ORDERS_URL',
    ).replace(/\/+$/, ''),
    orders: wholeNumber('--orders', orders, 1, MOST_ORDERS),
    callers: callers === undefined ? byDefault : wholeNumber('--callers', callers, 1, 10_000),
    rate: perSecond,
    json: json ?? false,
    books: {
      eventStore: eventStoreAddress({}),
      natsUrl: fromEnvironment(setting.natsUrl('nats://127.0.0.1:4222'), 'NATS_URL'),
      eventStoreDatabaseUrl: database('EVENTSTORE_DATABASE_URL', 'eventstoredb'),
      ordersDatabaseUrl: database('ORDERS_DATABASE_URL', 'ordersdb'),
      paymentsDatabaseUrl: database('PAYMENTS_DATABASE_URL', 'paymentsdb'),
    },
  };
}

function database(variable: string, name: string): string {
  const byDefault = `postgres://orders@127.0.0.1:26257/${name}`;
  return fromEnvironment(setting.databaseUrl(byDefault), variable);
}
