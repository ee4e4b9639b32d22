/** Dead letters as text for people. Pure. */

import type { LetterAnswer } from '../shared/story/letter-answer.ts';
import { duration, moment } from './duration.ts';
import type { Paint } from './paint.ts';
import type { ReplayOutcome } from './replay-outcome.ts';
import { table } from './table.ts';

/** A letter's history, in words. */
export function letterStory(letter: LetterAnswer): string {
  const { consumer, position, deliveries, replays, reason, last_error } = letter;
  const times = `${deliveries} ${deliveries === 1 ? 'delivery' : 'deliveries'}`;
  const again =
    replays === 0 ? '' : `, ${replays} of them ${replays === 1 ? 'a replay' : 'replays'}`;
  const why = last_error === '' ? reason : `${reason} (${last_error})`;
  const gaveUp = `${consumer} gave up on position ${position} at ${moment(new Date(letter.parked_at))}, after ${times}${again}: ${why}`;
  if (letter.resolved_at !== undefined) {
    return `${gaveUp}; a replay succeeded at ${moment(new Date(letter.resolved_at))}`;
  }
  if (letter.closed_at !== undefined) {
    return `${gaveUp}; closed at ${moment(new Date(letter.closed_at))}: ${letter.close_reason}`;
  }
  if (letter.state === 'requested') return `${gaveUp}; a replay is in progress`;
  return `${gaveUp}; when you have fixed the cause: npx ordersctl dlq replay ${consumer} ${position}`;
}

/** Letters, one per line, and how to get `more`. */
export function renderLetters(
  letters: readonly LetterAnswer[],
  more: boolean,
  paint: Paint,
): string {
  if (letters.length === 0) return 'no dead letters';
  const heading = ['consumer', 'position', 'state', 'reason', 'deliveries', 'replays', 'parked'];
  const last = letters.at(-1);
  const lines = table([
    heading.map((text) => paint('quiet', text)),
    ...letters.map((letter) => [
      letter.consumer,
      String(letter.position),
      paintState(letter.state, paint),
      letter.reason,
      String(letter.deliveries),
      String(letter.replays),
      moment(new Date(letter.parked_at)),
    ]),
  ]);
  if (more && last !== undefined) {
    lines.push(`more with --after ${last.position}/${last.consumer}`);
  }
  return lines.join('\n');
}

/** The event of a letter, and its order's status. */
export interface LetterSubject {
  readonly event_type: string;
  readonly order_id: string;
  readonly created_at: string;
  /** As stored in the log. */
  readonly data: string;
  readonly metadata: Readonly<Record<string, string>>;
  readonly order_status: string;
  readonly payment_status: string;
}

/** One letter with its event; `subject` is undefined if the log has none at its position. */
export function renderLetter(
  letter: LetterAnswer,
  subject: LetterSubject | undefined,
  paint: Paint,
): string {
  const head = `${paintState(letter.state, paint)}: ${letterStory(letter)}`;
  if (subject === undefined) return `${head}\n  the log has no event at this position`;
  return [
    head,
    `  event ${letter.event_id}, ${subject.event_type}, appended ${moment(new Date(subject.created_at))}`,
    `  order ${subject.order_id} is ${subject.order_status}, payment ${subject.payment_status.replace('_', ' ')}`,
    `  ${subject.data === '' ? '(no payload)' : subject.data}`,
    ...Object.entries(subject.metadata).map(([key, value]) => `  ${key} ${value}`),
  ].join('\n');
}

/** One letter of a replay: what is requested, or with `dryRun` would be. */
export function renderReplay(
  { consumer, position }: LetterAnswer,
  subject: LetterSubject | undefined,
  dryRun: boolean,
): string {
  const act = dryRun ? 'would be asked' : 'is asked';
  const what =
    subject === undefined
      ? 'an event that is not in the log'
      : `${subject.event_type} of order ${subject.order_id}, which is ${subject.order_status}`;
  return `${consumer} ${act} to process position ${position} again: ${what}`;
}

/** The result of one letter's replay after waiting `waitMs`. */
export function renderOutcome(
  { consumer, position, reason, last_error, close_reason }: LetterAnswer,
  outcome: ReplayOutcome,
  waitMs: number,
  paint: Paint,
): string {
  const why = last_error === '' ? reason : `${reason} (${last_error})`;
  const at = `position ${position}`;
  switch (outcome) {
    case 'served':
      return paint('good', `${consumer} processed ${at}`);
    case 'parked again':
      return paint('bad', `${consumer} failed to process ${at} and parked it again: ${why}`);
    case 'given up':
      return paint(
        'bad',
        `${consumer} received ${at} several times and never answered; it probably crashes on it`,
      );
    case 'closed':
      return paint('bad', `${at} of ${consumer} was closed meanwhile: ${close_reason}`);
    case 'waiting':
      return paint(
        'warn',
        `${consumer} has not answered ${at} in ${duration(waitMs)}: is it running? The replay is still requested; see npx ordersctl dlq show ${consumer} ${position}`,
      );
  }
}

function paintState(state: string, paint: Paint): string {
  if (state === 'resolved') return paint('good', state);
  if (state === 'closed') return paint('quiet', state);
  return paint(state === 'parked' ? 'bad' : 'warn', state);
}
