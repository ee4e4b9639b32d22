/** `ordersctl log recover`: after the log was restored to an older state. */
import type { Command } from 'commander';
import { orderEventCodec } from '../../shared/contracts/events.ts';
import { ORDERS_STREAM } from '../../shared/contracts/subjects.ts';
import { createGrpcLogRecovery } from '../../shared/eventstore/grpc/grpc-log-recovery.ts';
import { background } from '../../shared/kit/context.ts';
import { CodedError } from '../../shared/kit/errors.ts';
import { currencyOfLog } from '../currency.ts';
import { withEventStore } from '../event-store.ts';
import { UsageError } from '../option.ts';
import { print } from '../print.ts';
import { giveUp, type Looked, look, recoverLog } from '../recovery/recover.ts';
import { lostDocument, renderLost } from '../recovery/render-lost.ts';
import { type CommonOptions, eventStoreAddress, withOptions } from '../settings.ts';

interface RecoverOptions extends CommonOptions {
  readonly yes?: true;
  readonly dryRun?: true;
  readonly discard?: true;
  readonly file?: string;
}

/** What came of it. */
interface Outcome {
  readonly looked: Looked;
  readonly done: 'nothing' | 'recovered' | 'given up';
  readonly recovered: number;
  readonly file: string | undefined;
  /** Of the currency that the log is kept in. */
  readonly decimals: number;
}

/** Longer than an event store needs for a hundred appends or to make a stream again. */
const CALL_MS = 30_000;

const ENDINGS =
  'Next: npx ordersctl audit. A read model that was ahead of the log says so in /readyz of querymodelworker.';

export function addLogCommands(program: Command): void {
  const log = program.command('log').description('the log of events, which is the truth');
  withOptions(log.command('recover'), 'eventStore', 'json')
    .description(
      'after the log was restored to an older state: write back from the stream what it lost, ' +
        'with ids, versions and times; or, with --discard, give that up: the void of every order ' +
        'that is gone is asked for, orders that go back are answered again, and the stream is made ' +
        'again from the log. May be called again',
    )
    .option('--yes', 'really')
    .option('--dry-run', 'only say what is lost, and change nothing')
    .option('--discard', 'give up what only the stream has; it is kept in a file')
    .option('--file <path>', 'where --discard keeps it (default: given-up-<time>.jsonl here)')
    .action(async (options: RecoverOptions) => {
      if (!options.yes && !options.dryRun) {
        throw new UsageError('--yes: say it, or --dry-run to see what would be done');
      }
      const outcome = await recover(options);
      const { decimals } = outcome;
      print(
        options,
        outcome,
        (found) => renderOutcome(found, decimals),
        ({ looked, done, recovered, file }) => ({
          ...lostDocument(looked, decimals),
          done,
          recovered_events: recovered,
          ...(file !== undefined && { file }),
        }),
      );
    });
}

async function recover(options: RecoverOptions): Promise<Outcome> {
  const { discard = false, dryRun = false } = options;
  const address = eventStoreAddress(options);
  const ctx = background();
  const onProgress = (text: string) => void process.stderr.write(`${text}\n`);
  const recovery = createGrpcLogRecovery({ address, stream: ORDERS_STREAM, timeoutMs: CALL_MS });
  try {
    return await withEventStore(address, async (store): Promise<Outcome> => {
      const { decimals } = await currencyOfLog(store);
      const codec = orderEventCodec(decimals);
      const file = discard && !dryRun ? (options.file ?? fileOfNow()) : undefined;
      const looked = await look(ctx, recovery, codec, file);
      const { kind, why } = looked.standing;
      const seen = { looked, done: 'nothing', recovered: 0, file, decimals } as const;
      if (dryRun || kind === 'follows') return seen;
      if (kind === 'refused' || (kind === 'differs' && !discard)) throw refused(kind, why);
      if (!discard) {
        const recovered = Number(await recoverLog(ctx, recovery, onProgress));
        return { ...seen, done: 'recovered', recovered };
      }
      await giveUp(ctx, recovery, store, codec, looked, onProgress);
      return { ...seen, done: 'given up' };
    });
  } finally {
    recovery.close();
  }
}

const fileOfNow = () => `given-up-${new Date().toISOString().replaceAll(/[:.]/g, '-')}.jsonl`;

const refused = (kind: 'refused' | 'differs', why: string) =>
  new CodedError(
    'precondition_failed',
    'nothing_to_recover',
    kind === 'differs'
      ? `The log has events of its own where the stream has others, so they cannot be written back: ${why} → npx ordersctl log recover --discard keeps the stream's in a file, voids their debits, and makes the stream again from the log`
      : `The stream is not this log's: ${why} → where it may go, npx ordersctl stream reset`,
  );

function renderOutcome({ looked, done, recovered, file }: Outcome, decimals: number): string {
  const ends = {
    nothing: [],
    recovered: [`${recovered} events are in the log again, which takes orders. ${ENDINGS}`],
    'given up': [
      `They are given up: ${looked.gone.length} voids are asked for, and the stream is made again from the log, which takes orders.`,
      `The events are kept in ${file}. ${ENDINGS}`,
    ],
  }[done];
  return [renderLost(looked, decimals), ...ends].join('\n');
}
