/** What `make bench` can be told. */
import { resolve } from 'node:path';
import { Command } from 'commander';
import { UsageError } from '../../cli/option.ts';
import { wholeNumber } from '../../cli/settings.ts';
import { type Plan, planOf } from './plan.ts';

export interface EngineOptions {
  readonly quick: boolean;
  readonly json: boolean;
  /** Write docs/performance.md and docs/performance.svg. */
  readonly docs: boolean;
  /** Titles of the parts to run; empty: all. */
  readonly only: readonly string[];
  /** The database's files lie in a folder made here, and removed at the end. */
  readonly dataFolder: string;
  readonly plan: Plan;
}

const FEWEST = 10_000;
const MOST = 10_000_000;

/**
 * @param titles of the parts there are
 *
 * Throws UsageError for a wrong value, and CommanderError for an unknown option and for `--help`.
 */
export function readOptions(args: readonly string[], titles: readonly string[]): EngineOptions {
  const { quick, json, docs, events, only, data } = new Command('bench')
    .description(
      'Measures the event store beside its peers on a PostgreSQL of its own. ' +
        'Takes about ten minutes; run nothing else meanwhile.',
    )
    .option('--quick', 'short rounds and small logs, a minute and a half; the figures are noisy')
    .option('--json', 'print JSON')
    .option('--docs', 'write docs/performance.md and docs/performance.svg (or WRITE_DOCS=true)')
    .option('--events <n>', `measure growth up to this many stored events, ${FEWEST} to ${MOST}`)
    .option('--only <parts>', `some of: ${titles.join(', ')}`)
    .option('--data <folder>', "where the database's files lie (default: bench/.data)")
    .exitOverride()
    .parse(args, { from: 'user' })
    .opts<{
      quick?: true;
      json?: true;
      docs?: true;
      events?: string;
      only?: string;
      data?: string;
    }>();
  const parts = only === undefined ? [] : only.split(',').map((part) => part.trim());
  const unknown = parts.find((part) => !titles.includes(part));
  if (unknown !== undefined) {
    throw new UsageError(`--only: there is no "${unknown}"; there are ${titles.join(', ')}`);
  }
  const stored = events === undefined ? undefined : wholeNumber('--events', events, FEWEST, MOST);
  const write = docs ?? process.env.WRITE_DOCS === 'true';
  if (write && parts.length > 0) {
    throw new UsageError('--docs: the page shows a whole run, so not with --only');
  }
  return {
    quick: quick ?? false,
    json: json ?? false,
    docs: write,
    only: parts,
    // npm runs this in bench/ and keeps in INIT_CWD where it was called from.
    dataFolder: resolve(
      process.env.INIT_CWD ?? '.',
      data ?? resolve(import.meta.dirname, '../.data'),
    ),
    plan: planOf(quick ?? false, stored),
  };
}
