/** What `make bench-orders` can be told, by options and by the services' own variables. */
import { availableParallelism } from 'node:os';
import { Command } from 'commander';
import { addressHelp, addressOf } from '../../cli/addresses.ts';
import type { AuditAddresses } from '../../cli/audit/connect.ts';
import { bookAddresses, wholeNumber } from '../../cli/settings.ts';

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
        'Uses NATS_URL, EVENTSTORE_ADDRESS and the *_DATABASE_URL as the services do, ' +
        `or else the ports of make start (HTTP_PORT, SQL_PORT, …). CPUs here: ${availableParallelism()}.`,
    )
    .option('--url <url>', `address of ordersvc (${addressHelp('ORDERS_URL')})`)
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
    url: addressOf('ORDERS_URL', { name: '--url', value: url }).replace(/\/+$/, ''),
    orders: wholeNumber('--orders', orders, 1, MOST_ORDERS),
    callers: callers === undefined ? byDefault : wholeNumber('--callers', callers, 1, 10_000),
    rate: perSecond,
    json: json ?? false,
    books: {
      ...bookAddresses({}),
      eventStoreDatabaseUrl: addressOf('EVENTSTORE_DATABASE_URL'),
    },
  };
}
