/** `orders dlq list | show | replay`: what consumers gave up on. */
import type { Command } from 'commander';
import { Option } from 'commander';
import { orderEventCodec } from '../shared/contracts/events.ts';
import { durables, ORDER_AGGREGATE } from '../shared/contracts/subjects.ts';
import type { EventStore, LetterState, ParkedLetter } from '../shared/eventstore/event-store.ts';
import { background } from '../shared/kit/context.ts';
import { CodedError } from '../shared/kit/errors.ts';
import { withEventStore } from './event-store.ts';
import { letterAnswer } from './letter-answer.ts';
import { UsageError } from './option.ts';
import { standing } from './order-history.ts';
import { terminalPaint } from './paint.ts';
import { print } from './print.ts';
import { type LetterSubject, renderLetter, renderLetters, renderReplay } from './render-letter.ts';
import {
  type CommonOptions,
  currencyDecimals,
  eventStoreAddress,
  wholeNumber,
  withOptions,
} from './settings.ts';

const MAX = 1_000;
const CONSUMERS: readonly string[] = Object.values(durables);
const ctx = background();

export function addDeadLetterCommands(program: Command): void {
  const dlq = program.command('dlq').description('dead letters: what consumers gave up on');

  withOptions(dlq.command('list'), 'eventStore', 'json')
    .description('list them by position')
    .option('--consumer <name>', `only of this consumer: ${CONSUMERS.join(', ')}`)
    .addOption(
      new Option('--state <state>', 'only in this state').choices([
        'parked',
        'requested',
        'resolved',
      ]),
    )
    .option('--limit <n>', `at most so many, up to ${MAX}`, '100')
    .action(async (options: ListOptions) => {
      const { consumer, state } = options;
      const limit = wholeNumber('--limit', options.limit, 1, MAX);
      const filter = { ...(consumer !== undefined && { consumer }), ...(state && { state }) };
      const letters = await withEventStore(eventStoreAddress(options), (store) =>
        store.deadLetters(ctx, filter, limit),
      );
      if (letters.length === 0 && consumer !== undefined) isConsumer(consumer);
      print(options, letters.map(letterAnswer), (found) => renderLetters(found, terminalPaint));
    });

  withOptions(dlq.command('show'), 'eventStore', 'json')
    .description('show one with its event and where its order stands')
    .argument('<consumer>')
    .argument('<position>')
    .action(async (consumer: string, position: string, options: CommonOptions) => {
      const at = positionOf(position);
      const found = await withEventStore(eventStoreAddress(options), async (store) => {
        const letter = await letterAt(store, consumer, at);
        return { letter: letterAnswer(letter), subject: await subjectOf(store, letter) };
      });
      print(
        options,
        found,
        ({ letter, subject }) => renderLetter(letter, subject, terminalPaint),
        ({ letter, subject }) => ({ ...letter, event: subject ?? null }),
      );
    });

  withOptions(dlq.command('replay'), 'eventStore', 'json')
    .description(
      'ask a consumer to serve the event once more. It looks into the log first, so what was ' +
        'answered or cancelled meanwhile moves no money. See `dlq show` for what came of it',
    )
    .argument('<consumer>')
    .argument('[position]')
    .option('--all', 'all of its letters that are parked, up to --limit')
    .option('--limit <n>', `with --all, at most so many, up to ${MAX}`, '100')
    .option('--dry-run', 'only say what would be replayed')
    .action(async (consumer: string, position: string | undefined, options: ReplayOptions) => {
      if ((position === undefined) === (options.all === undefined)) {
        throw new UsageError('give a position, or --all');
      }
      isConsumer(consumer);
      const limit = wholeNumber('--limit', options.limit, 1, MAX);
      const at = position === undefined ? undefined : positionOf(position);
      await withEventStore(eventStoreAddress(options), async (store) => {
        const letters =
          at === undefined
            ? await store.deadLetters(ctx, { consumer, state: 'parked' }, limit)
            : [await letterAt(store, consumer, at)];
        await replay(store, letters, options);
      });
    });
}

interface ListOptions extends CommonOptions {
  readonly consumer?: string;
  readonly state?: LetterState;
  readonly limit: string;
}

interface ReplayOptions extends CommonOptions {
  readonly all?: true;
  readonly limit: string;
  readonly dryRun?: true;
}

/** Asks for one after the other and tells of each at once, so that what went wrong half way is known. */
async function replay(
  store: EventStore,
  letters: readonly ParkedLetter[],
  { dryRun = false, json }: { readonly dryRun?: boolean; readonly json?: true },
): Promise<void> {
  const told: object[] = [];
  for (const letter of letters) {
    const now = dryRun
      ? replayable(letter)
      : await store.requestReplay(ctx, letter.consumer, letter.position);
    const answer = letterAnswer(now);
    const subject = await subjectOf(store, now);
    if (json) told.push({ ...answer, event: subject ?? null });
    else print({}, { answer, subject }, (now) => renderReplay(now.answer, now.subject, dryRun));
  }
  if (json) print({ json }, { dry_run: dryRun, letters: told }, String);
  else if (letters.length === 0) print({}, 'no dead letters', String);
}

/** `letter`, or what asking for its replay would be refused with. */
function replayable(letter: ParkedLetter): ParkedLetter {
  if (letter.state !== 'resolved') return letter;
  throw new CodedError(
    'conflict',
    'letter_resolved',
    `The dead letter of ${letter.consumer} at position ${letter.position} is resolved: its event was served.`,
  );
}

/** Only these ever have letters, or serve a replay. Throws UsageError for any other name. */
function isConsumer(name: string): void {
  if (CONSUMERS.includes(name)) return;
  throw new UsageError(`there is no consumer "${name}"; there are ${CONSUMERS.join(', ')}`);
}

const positionOf = (text: string): bigint => BigInt(wholeNumber('position', text, 1));

async function letterAt(
  store: EventStore,
  consumer: string,
  position: bigint,
): Promise<ParkedLetter> {
  const [letter] = await store.deadLetters(ctx, { consumer, position }, 1);
  if (letter !== undefined) return letter;
  isConsumer(consumer);
  throw new CodedError(
    'not_found',
    'letter_not_found',
    `There is no dead letter of ${consumer} at position ${position}.`,
  );
}

async function subjectOf(
  store: EventStore,
  { position }: ParkedLetter,
): Promise<LetterSubject | undefined> {
  const { events } = await store.read(ctx, { afterPosition: position - 1n }, 1);
  const event = events.find((found) => found.position === position);
  if (event === undefined) return undefined;
  const { aggregateId } = event;
  const history = await store.readAggregate(ctx, ORDER_AGGREGATE, aggregateId);
  const { status, payment } = standing(history, orderEventCodec(currencyDecimals()));
  return {
    event_type: event.eventType,
    order_id: aggregateId,
    created_at: event.createdAt.toISOString(),
    data: event.data,
    metadata: event.metadata,
    order_status: status,
    payment_status: payment,
  };
}
