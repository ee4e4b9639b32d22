/** `ordersctl read-model rebuild`: refills the read model from the log. */
import type { Command } from 'commander';
import {
  type Rebuilt,
  rebuildReadModel,
} from '../../services/querymodelworker/rebuild/rebuild-read-model.ts';
import { orderEventCodec } from '../../shared/contracts/events.ts';
import { background } from '../../shared/kit/context.ts';
import { silentLogger } from '../../shared/kit/logger.ts';
import { createDatabase } from '../../shared/kit/sql/database.ts';
import { addressHelp, addressOf } from '../addresses.ts';
import { currencyOfLog } from '../currency.ts';
import { withEventStore } from '../event-store.ts';
import { withExample } from '../example.ts';
import { print } from '../print.ts';
import { terminalProgress } from '../progress.ts';
import { type CommonOptions, eventStoreAddress, withOptions } from '../settings.ts';

/** A statement of a rebuild writes thousands of rows. */
const QUERY_MS = 60_000;

interface RebuildCommandOptions extends CommonOptions {
  readonly database?: string;
  readonly fresh?: true;
}

export function addReadModelCommands(program: Command): void {
  const readModel = program
    .command('read-model')
    .description('the read model, a copy of the log for queries');
  withOptions(withExample(readModel.command('rebuild'), 'read-model rebuild'), 'eventStore', 'json')
    .description(
      'fill a second table from the log, compare it with the live one, and switch to ' +
        'it, while everything runs and readers are served. If it is ' +
        'killed, run it again: it continues',
    )
    .option('--database <url>', `of the read model (${addressHelp('ORDERS_DATABASE_URL')})`)
    .option('--fresh', 'start from scratch instead of continuing an earlier rebuild')
    .action(async (options: RebuildCommandOptions) => {
      const begunAt = performance.now();
      const rebuilt = await rebuild(options);
      const seconds = (performance.now() - begunAt) / 1_000;
      print(
        options,
        rebuilt,
        (found) => report(found, seconds),
        (found) => document(found, seconds),
      );
    });
}

async function rebuild(options: RebuildCommandOptions): Promise<Rebuilt> {
  const url = addressOf('ORDERS_DATABASE_URL', { name: '--database', value: options.database });
  const address = eventStoreAddress(options);
  const database = createDatabase({
    url,
    name: 'ordersctl read-model rebuild',
    poolSize: 2,
    queryTimeoutMs: QUERY_MS,
    logger: silentLogger,
  });
  const progress = terminalProgress();
  try {
    return await withEventStore(address, async (log) =>
      rebuildReadModel(background(), {
        log,
        database,
        codec: orderEventCodec((await currencyOfLog(log)).decimals),
        fresh: options.fresh === true,
        onProgress: (now) => {
          if (now.step === 'emptying') progress.report('old rows removed', now.removed);
          else if (now.step === 'comparing') progress.report('orders compared', now.compared);
          else progress.report('events', Number(now.position), Number(now.head));
        },
      }),
    );
  } finally {
    progress.end();
    await database.stop();
  }
}

function report(rebuilt: Rebuilt, seconds: number): string {
  const { position, events, resumedAt, failures, comparison, table } = rebuilt;
  const lines = [
    `the read model matches the log up to position ${position}: ${events} events read in ${seconds.toFixed(1)} s; the live table is ${table}`,
  ];
  if (resumedAt > 0n) lines.push(`continued an earlier rebuild at position ${resumedAt}`);
  if (failures > 0) {
    lines.push(`${failures} events cannot be read; rows are folded without them`);
  }
  if (comparison === undefined) {
    lines.push('there was no live table to compare with');
  } else {
    const { compared, missing, unfounded, different, notJudged, listed } = comparison;
    lines.push(
      missing + unfounded + different === 0
        ? `${compared} orders compared: the old table was right`
        : `${compared} orders compared; in the old table ${missing} were missing, ${different} were wrong, and ${unfounded} are not in the log`,
      ...listed.map((message) => `  ${message}`),
    );
    if (notJudged > 0) lines.push(`  and ${notJudged} more differences were not examined`);
  }
  return lines.join('\n');
}

const document = (rebuilt: Rebuilt, seconds: number) => ({
  table: rebuilt.table,
  position: Number(rebuilt.position),
  events: rebuilt.events,
  resumed_at: Number(rebuilt.resumedAt),
  unreadable: rebuilt.failures,
  seconds: Number(seconds.toFixed(3)),
  comparison: rebuilt.comparison && {
    compared: rebuilt.comparison.compared,
    missing: rebuilt.comparison.missing,
    unfounded: rebuilt.comparison.unfounded,
    different: rebuilt.comparison.different,
    not_judged: rebuilt.comparison.notJudged,
    listed: rebuilt.comparison.listed,
  },
});
