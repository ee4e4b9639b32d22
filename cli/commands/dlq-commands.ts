/** `ordersctl dlq list | show | replay | close`: what consumers gave up on. */
import type { Command } from 'commander';
import { Option } from 'commander';
import { orderEventCodec } from '../../shared/contracts/events.ts';
import { durables, orderAggregate } from '../../shared/contracts/subjects.ts';
import type {
  LetterFilter,
  LetterState,
  ParkedLetter,
} from '../../shared/eventstore/dead-letters.ts';
import type { EventStore } from '../../shared/eventstore/event-store.ts';
import { background } from '../../shared/kit/context.ts';
import { CodedError } from '../../shared/kit/errors.ts';
import { letterAnswer } from '../../shared/story/letter-answer.ts';
import { standing } from '../../shared/story/order-history.ts';
import { currencyOfLog } from '../currency.ts';
import { withEventStore } from '../event-store.ts';
import { withExample } from '../example.ts';
import { exitCodes } from '../exit-code.ts';
import { UsageError } from '../option.ts';
import { terminalPaint } from '../paint.ts';
import { print } from '../print.ts';
import {
  type LetterSubject,
  letterStory,
  renderLetter,
  renderLetters,
  renderOutcome,
  renderReplay,
} from '../render-letter.ts';
import { awaitReplays } from '../replay-outcome.ts';
import { type CommonOptions, eventStoreAddress, wholeNumber, withOptions } from '../settings.ts';

const PAGE = 1_000;
/** More than this at once is too long for a list. */
const MAX = 1_000_000;
const WAIT_S = 30;
const CONSUMERS: readonly string[] = Object.values(durables);
const ctx = background();

export function addDeadLetterCommands(program: Command): void {
  const dlq = program.command('dlq').description('dead letters: messages that consumers gave up');

  withOptions(withExample(dlq.command('list'), 'dlq list --state parked'), 'eventStore', 'json')
    .description('list dead letters by position')
    .option('--consumer <name>', `only of this consumer: ${CONSUMERS.join(', ')}`)
    .addOption(
      new Option('--state <state>', 'only in this state').choices([
        'parked',
        'requested',
        'resolved',
        'closed',
      ]),
    )
    .option('--limit <n>', 'at most this many', '100')
    .option('--after <position/consumer>', 'continue where a list ended')
    .action(async (options: ListOptions) => {
      const { consumer, state } = options;
      const limit = wholeNumber('--limit', options.limit, 1, MAX);
      const filter = {
        ...(consumer !== undefined && { consumer }),
        ...(state && { state }),
        ...(options.after !== undefined && { after: placeOf(options.after) }),
      };
      const letters = await withEventStore(eventStoreAddress(options), (store) =>
        // One extra shows whether there are more.
        lettersOf(store, filter, limit + 1),
      );
      if (letters.length === 0 && consumer !== undefined) isConsumer(consumer);
      const answers = letters.slice(0, limit).map(letterAnswer);
      print(options, answers, (found) =>
        renderLetters(found, letters.length > limit, terminalPaint),
      );
    });

  withOptions(withExample(dlq.command('show'), 'dlq show payment-worker 42'), 'eventStore', 'json')
    .description("show one with its event and its order's status")
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

  withOptions(
    withExample(dlq.command('replay'), 'dlq replay payment-worker --all --dry-run'),
    'eventStore',
    'json',
  )
    .description(
      'have a consumer process the event again, and show the result: exit code 0 if all ' +
        'succeeded. It checks the log first, so an event that was answered or cancelled since moves no money',
    )
    .argument('<consumer>')
    .argument('[position]')
    .option('--all', 'all its parked letters, up to --limit')
    .option('--limit <n>', 'with --all, at most this many', '100')
    .option('--wait <seconds>', 'how long to wait for the result; 0: not at all', `${WAIT_S}`)
    .option('--dry-run', 'only show what would be replayed')
    .action(async (consumer: string, position: string | undefined, options: ReplayOptions) => {
      if ((position === undefined) === (options.all === undefined)) {
        throw new UsageError('give a position, or --all');
      }
      isConsumer(consumer);
      const limit = wholeNumber('--limit', options.limit, 1, MAX);
      const waitMs = 1_000 * wholeNumber('--wait', options.wait, 0, 86_400);
      const at = position === undefined ? undefined : positionOf(position);
      await withEventStore(eventStoreAddress(options), async (store) => {
        const letters =
          at === undefined
            ? await lettersOf(store, { consumer, state: 'parked' }, limit)
            : [await letterAt(store, consumer, at)];
        await replay(store, letters, waitMs, options);
      });
    });

  withOptions(
    withExample(dlq.command('close'), "dlq close payment-worker 42 --reason 'settled by hand'"),
    'eventStore',
    'json',
  )
    .description(
      'close a dead letter for good, with a reason. It can no longer be replayed; its order does not change',
    )
    .argument('<consumer>')
    .argument('<position>')
    .requiredOption('--reason <text>', 'why it needs no answer')
    .action(
      async (consumer: string, position: string, options: CommonOptions & { reason: string }) => {
        isConsumer(consumer);
        const at = positionOf(position);
        const letter = await withEventStore(eventStoreAddress(options), (store) =>
          store.closeLetter(ctx, { consumer, position: at, reason: options.reason }),
        );
        print(options, letterAnswer(letter), letterStory);
      },
    );
}

interface ListOptions extends CommonOptions {
  readonly consumer?: string;
  readonly state?: LetterState;
  readonly limit: string;
  readonly after?: string;
}

interface ReplayOptions extends CommonOptions {
  readonly all?: true;
  readonly limit: string;
  readonly wait: string;
  readonly dryRun?: true;
}

/**
 * Requests one replay after the other and prints each at once, so that a failure half way is
 * visible; then waits for the results and prints them.
 */
async function replay(
  store: EventStore,
  letters: readonly ParkedLetter[],
  waitMs: number,
  { dryRun = false, json }: { readonly dryRun?: boolean; readonly json?: true },
): Promise<void> {
  const told = new Map<bigint, object>();
  const asked: ParkedLetter[] = [];
  for (const letter of letters) {
    const now = dryRun
      ? replayable(letter)
      : await store.requestReplay(ctx, { consumer: letter.consumer, position: letter.position });
    asked.push(now);
    const answer = letterAnswer(now);
    const subject = await subjectOf(store, now);
    told.set(letter.position, { ...answer, event: subject ?? null });
    if (!json) print({}, { answer, subject }, (it) => renderReplay(it.answer, it.subject, dryRun));
  }
  if (!dryRun && waitMs > 0) {
    await awaitReplays(store, asked, waitMs, (letter, outcome) => {
      if (outcome !== 'served') process.exitCode = exitCodes.failed;
      const answer = letterAnswer(letter);
      told.set(letter.position, { ...told.get(letter.position), ...answer, outcome });
      if (!json) {
        print({}, answer, (it) => renderOutcome(it, outcome, waitMs, terminalPaint));
      }
    });
  }
  if (json) print({ json }, { dry_run: dryRun, letters: [...told.values()] }, String);
  else if (letters.length === 0) print({}, 'no dead letters', String);
}

/** At most `limit` letters, page by page. */
async function lettersOf(
  store: EventStore,
  filter: LetterFilter,
  limit: number,
): Promise<ParkedLetter[]> {
  const letters: ParkedLetter[] = [];
  let after = filter.after;
  for (;;) {
    const size = Math.min(PAGE, limit - letters.length);
    const page = await store.deadLetters(ctx, { ...filter, ...(after && { after }), limit: size });
    letters.push(...page);
    after = page.at(-1);
    if (page.length < size || letters.length >= limit) return letters;
  }
}

/** `letter`, or the refusal of a replay. */
function replayable(letter: ParkedLetter): ParkedLetter {
  if (letter.state === 'closed') {
    throw new CodedError(
      'conflict',
      'letter_closed',
      `The dead letter of ${letter.consumer} at position ${letter.position} is closed: ${letter.closeReason}`,
    );
  }
  if (letter.state !== 'resolved') return letter;
  throw new CodedError(
    'conflict',
    'letter_resolved',
    `The dead letter of ${letter.consumer} at position ${letter.position} is already resolved: its event was processed.`,
  );
}

/** Only these have letters or process replays. Throws UsageError for any other name. */
function isConsumer(name: string): void {
  if (CONSUMERS.includes(name)) return;
  throw new UsageError(`there is no consumer "${name}"; there are ${CONSUMERS.join(', ')}`);
}

/** The end of a list, as the list prints it. Throws UsageError. */
function placeOf(text: string): { readonly position: bigint; readonly consumer: string } {
  const [, position, consumer] = /^(\d{1,15})\/([\w.-]{1,128})$/.exec(text) ?? [];
  if (position === undefined || consumer === undefined) {
    throw new UsageError('--after: must be position/consumer, as at the end of a list');
  }
  return { position: BigInt(position), consumer };
}

const positionOf = (text: string): bigint => BigInt(wholeNumber('position', text, 1));

async function letterAt(
  store: EventStore,
  consumer: string,
  position: bigint,
): Promise<ParkedLetter> {
  const [letter] = await store.deadLetters(ctx, { consumer, position, limit: 1 });
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
  const { events } = await store.read(ctx, { afterPosition: position - 1n, limit: 1 });
  const event = events.find((found) => found.position === position);
  if (event === undefined) return undefined;
  const { aggregateId } = event;
  const history = await store.readAggregate(ctx, orderAggregate(aggregateId));
  const { decimals } = await currencyOfLog(store);
  const { status, payment } = standing(history, orderEventCodec(decimals));
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
