/** What `make bench-restore` can be told. */
import { resolve } from 'node:path';
import { Command } from 'commander';
import { UsageError } from '../../cli/option.ts';
import { wholeNumber } from '../../cli/settings.ts';
import type { ProcessForm } from '../../stack/plan.ts';
import { processForm } from '../../stack/process-form.ts';

export interface RestoreBenchOptions {
  /** The restored log has so many, or somewhat more. */
  readonly events: number;
  /** How many are placed over HTTP; what follows are copies of them. */
  readonly orders: number;
  /** Where the data lies meanwhile; undefined: the system's folder for such. */
  readonly dataFolder: string | undefined;
  readonly json: boolean;
  /** As `make start` reads PROCESSES. */
  readonly processes: ProcessForm;
}

/** One of each kind of order. */
const FEWEST_ORDERS = 10;

/** Throws UsageError for a wrong value, and CommanderError for an unknown option and for `--help`. */
export function readOptions(args: readonly string[]): RestoreBenchOptions {
  const { events, orders, data, json } = new Command('bench-restore')
    .description(
      'Places real orders on a stack of its own, backs it up, and makes the backup of a large ' +
        'system from it. Then measures: check, restore into an empty system, the time until the ' +
        'audit is right, a rebuild of the read model, and a backup, which must be what was ' +
        'restored. Takes about ten minutes; run nothing else meanwhile. ' +
        'Exit code 1 if an audit or a comparison was not right.',
    )
    .option('--events <n>', 'at least so many are restored', '1000000')
    .option('--orders <n>', 'how many are placed; the rest are copies of them', '3000')
    .option('--data <folder>', "where the data lies meanwhile (default: the system's)")
    .option('--json', 'print JSON')
    .exitOverride()
    .parse([...args], { from: 'user' })
    .opts<{ events: string; orders: string; data?: string; json?: true }>();
  const read = {
    events: wholeNumber('--events', events, 1, 100_000_000),
    orders: wholeNumber('--orders', orders, FEWEST_ORDERS, 100_000),
  };
  // An order has at least two events.
  if (read.orders * 2 > read.events) {
    throw new UsageError(`--orders: ${orders} orders have more events than --events ${events}`);
  }
  return {
    ...read,
    dataFolder: data === undefined ? undefined : resolve(process.env.INIT_CWD ?? '.', data),
    json: json ?? false,
    processes: processForm(process.env.PROCESSES?.trim()),
  };
}
