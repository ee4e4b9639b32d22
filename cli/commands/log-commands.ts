/** `ordersctl log recover`: after the log was restored to an older state. */
import type { Command } from 'commander';
import { orderEventCodec } from '../../shared/contracts/events.ts';
import { ORDERS_STREAM } from '../../shared/contracts/subjects.ts';
import { createGrpcLogRecovery } from '../../shared/eventstore/grpc/grpc-log-recovery.ts';
import { background } from '../../shared/kit/context.ts';
import { CodedError } from '../../shared/kit/errors.ts';
import { shown } from '../../shared/kit/shown.ts';
import { currencyOfLog } from '../currency.ts';
import { withEventStore } from '../event-store.ts';
import { operatorTls } from '../event-store-tls.ts';
import { withExample } from '../example.ts';
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

/** The result. */
interface Outcome {
  readonly looked: Looked;
  readonly done: 'nothing' | 'recovered' | 'given up';
  readonly recovered: number;
  readonly file: string | undefined;
  /** Of the log's currency. */
  readonly decimals: number;
}

/** Longer than an event store needs for a hundred appends or to recreate a stream. */
const CALL_MS = 30_000;

const ENDINGS =
  'Next: npx ordersctl audit. If the read model was ahead of the log, /readyz of querymodelworker says so.';

export function addLogCommands(program: Command): void {
  const log = program.command('log').description('the event log');
  withOptions(withExample(log.command('recover'), 'log recover --dry-run'), 'eventStore', 'json')
    .description(
      'after a restore of the log to an older state: write the lost events back from the stream, ' +
        'with ids, versions and times. With --discard, give them up: request the void of each order ' +
        'that is gone, have workers answer again the orders that lost events, and recreate the ' +
        'stream from the log. Can be repeated',
    )
    .option('--yes', 'do it')
    .option('--dry-run', 'only show what is lost; change nothing')
    .option('--discard', 'give up what only the stream has, and save it to a file')
    .option('--file <path>', 'where --discard saves it (default: given-up-<time>.jsonl here)')
    .action(async (options: RecoverOptions) => {
      if (!options.yes && !options.dryRun) {
        throw new UsageError('give --yes, or --dry-run to see what would be done');
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
  const onProgress = (text: string) => void process.stderr.write(`${shown(text)}\n`);
  const recovery = createGrpcLogRecovery({
    address,
    stream: ORDERS_STREAM,
    timeoutMs: CALL_MS,
    tls: operatorTls(address),
  });
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
      ? `The log has other events than the stream, so the lost ones cannot be written back: ${why} → npx ordersctl log recover --discard saves the stream's to a file, voids their debits, and recreates the stream from the log`
      : `The stream belongs to another log: ${why} → if you can delete it: npx ordersctl stream reset`,
  );

function renderOutcome({ looked, done, recovered, file }: Outcome, decimals: number): string {
  const ends = {
    nothing: [],
    recovered: [`${recovered} events are in the log again; it accepts orders. ${ENDINGS}`],
    'given up': [
      `Given up: ${looked.gone.length} voids are requested, the stream is recreated from the log, and the log accepts orders.`,
      `The events are saved in ${file}. ${ENDINGS}`,
    ],
  }[done];
  return [renderLost(looked, decimals), ...ends].join('\n');
}
