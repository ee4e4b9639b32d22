/** What `make bench-orders` can be told, by options and by the services' own variables. */
import { availableParallelism } from 'node:os';
import { resolve } from 'node:path';
import { Command } from 'commander';
import { addressHelp, addressOf } from '../../cli/addresses.ts';
import type { AuditAddresses } from '../../cli/audit/connect.ts';
import { bookAddresses } from '../../cli/audit/connect.ts';
import { UsageError } from '../../cli/option.ts';
import { wholeNumber } from '../../cli/settings.ts';
import type { ProcessForm } from '../../stack/plan.ts';
import { processForm } from '../../stack/process-form.ts';
import { type PartName, type Plan, partNames, planOf } from './compare/plan.ts';

/** Orders for a stack that runs already. */
export interface RunningOptions {
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

/** The product beside the bare path, on a stack of the bench's own. */
export interface OwnOptions {
  readonly quick: boolean;
  readonly json: boolean;
  /** Write docs/performance-orders.md and docs/performance-orders.svg. */
  readonly docs: boolean;
  readonly plan: Plan;
  /** As `make start` reads PROCESSES. */
  readonly processes: ProcessForm;
  /** Measure what others make, too; their packages must be there. */
  readonly withPeers: boolean;
  /** The data lies in a folder made here, and removed at the end; undefined: the system's. */
  readonly dataFolder: string | undefined;
}

export type BenchOptions =
  | { readonly running: RunningOptions; readonly own?: undefined }
  | { readonly running?: undefined; readonly own: OwnOptions };

const CALLERS = 64;
/** With a rate, orders are due whether or not earlier ones were answered. */
const CALLERS_WITH_RATE = 1_000;
const MOST_ORDERS = 1_000_000;

/** Options that say something about one of the two only. */
const onlyRunning = ['orders', 'callers', 'rate'] as const;
const onlyOwn = ['quick', 'only', 'rounds', 'docs', 'data'] as const;

interface Given {
  readonly url?: string;
  readonly running?: true;
  readonly orders?: string;
  readonly callers?: string;
  readonly rate?: string;
  readonly quick?: true;
  readonly only?: string;
  readonly rounds?: string;
  readonly docs?: true;
  readonly data?: string;
  readonly json?: true;
}

/** Throws UsageError for a wrong value, and CommanderError for an unknown option and for `--help`. */
export function readOptions(args: readonly string[]): BenchOptions {
  const given = new Command('bench-orders')
    .description(
      'Starts a stack of its own and, on the same PostgreSQL and NATS, the bare path: the ' +
        'same hops and nothing else. Measures both in turns, with the load generator on the ' +
        'same processors. Takes about twelve minutes; run nothing else meanwhile. PEERS=1 measures ' +
        'Restate, DBOS Transact and Emmett in the same run, half an hour.\n\n' +
        'With --url or --running it posts orders to a stack that runs, and follows each to ' +
        'its end. Then it uses NATS_URL, EVENTSTORE_ADDRESS and the *_DATABASE_URL as the ' +
        'services do, or else the ports of make start (HTTP_PORT, SQL_PORT, …). ' +
        `CPUs here: ${availableParallelism()}.`,
    )
    .option('--quick', 'short rounds, two to three minutes; the figures are noisy')
    .option('--only <parts>', `some of: ${partNames.join(', ')}`)
    .option('--rounds <n>', 'of each condition (default: 3, with --quick 2)')
    .option('--docs', 'write docs/performance-orders.md and .svg (or WRITE_DOCS=true)')
    .option('--data <folder>', "where the data lies meanwhile (default: the system's)")
    .option('--json', 'print JSON')
    .option('--running', 'the stack that runs here')
    .option('--url <url>', `address of its ordersvc (${addressHelp('ORDERS_URL')})`)
    .option('--orders <n>', 'with --running or --url: how many (default: 2000)')
    .option(
      '--callers <n>',
      `with them: requests at once (default: ${CALLERS}; with --rate at most ${CALLERS_WITH_RATE})`,
    )
    .option(
      '--rate <n>',
      'with them: orders a second, answered or not (default: as fast as they are answered)',
    )
    .exitOverride()
    .parse(args, { from: 'user' })
    .opts<Given>();
  const running = given.running === true || given.url !== undefined;
  for (const name of running ? onlyOwn : onlyRunning) {
    if (given[name] === undefined) continue;
    const why = running ? 'not with --running or --url' : 'only with --running or --url';
    throw new UsageError(`--${name}: ${why}`);
  }
  return running ? { running: runningOptions(given) } : { own: ownOptions(given) };
}

function runningOptions({ url, orders = '2000', callers, rate, json }: Given): RunningOptions {
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

function ownOptions({ quick: short, only, rounds, docs, data, json }: Given): OwnOptions {
  const parts = only === undefined ? [] : only.split(',').map((part) => part.trim());
  const unknown = parts.find((part) => !partNames.some((name) => name === part));
  if (unknown !== undefined) {
    throw new UsageError(`--only: there is no "${unknown}"; there are ${partNames.join(', ')}`);
  }
  const write = docs ?? process.env.WRITE_DOCS === 'true';
  if (write && parts.length > 0) {
    throw new UsageError('--docs: the page shows a whole run, so not with --only');
  }
  const quick = short ?? false;
  const plan = planOf(quick, parts as PartName[]);
  return {
    quick,
    json: json ?? false,
    docs: write,
    plan:
      rounds === undefined ? plan : { ...plan, rounds: wholeNumber('--rounds', rounds, 1, 100) },
    processes: processForm(process.env.PROCESSES?.trim()),
    withPeers: process.env.PEERS === '1',
    dataFolder: data === undefined ? undefined : resolve(process.env.INIT_CWD ?? '.', data),
  };
}
