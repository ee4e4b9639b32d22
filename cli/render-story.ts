/** An order's story as text for people. Pure. */

import type { Step, Story } from '../shared/story/story.ts';
import { duration, moment } from './duration.ts';
import type { Paint } from './paint.ts';
import { letterStory } from './render-letter.ts';
import { paintStatus } from './render-order.ts';

export function renderStory(story: Story, paint: Paint): string {
  const reason = story.reason === undefined ? '' : ` (${story.reason})`;
  const payment = story.payment_status.replace('_', ' ');
  return [
    `order ${paint('strong', story.order_id)} is ${paintStatus(story.status, paint)}${reason}, payment ${payment}`,
    '',
    ...story.steps.map((step, index) => stepLine(step, index, paint)),
    ...story.dead_letters.map((letter) =>
      paint(letter.state === 'parked' ? 'bad' : 'quiet', `  ! ${letterStory(letter)}`),
    ),
    '',
    ...endLines(story, paint),
    ...story.traces.map(({ url }) => `trace ${url}`),
  ].join('\n');
}

function stepLine({ created_at, after_ms, by, what }: Step, index: number, paint: Paint): string {
  // Positions, not clocks, order the events of an order: a clock may have been set back.
  const later = index === 0 ? '' : `+${duration(Math.max(0, after_ms))}`;
  const when = `  ${moment(new Date(created_at))}  ${later.padStart(12)}`;
  return `${paint('quiet', when)}  ${by} ${what}`;
}

function endLines({ status, waiting, compensation, steps, dead_letters }: Story, paint: Paint) {
  const lines: string[] = [];
  const first = steps[0];
  const last = steps.at(-1);
  if (first !== undefined && last !== undefined && steps.length > 1) {
    const took = duration(Math.max(0, Date.parse(last.created_at) - Date.parse(first.created_at)));
    lines.push(`${steps.length} events in ${took}.`);
  }
  if (compensation?.state === 'done') {
    const took = compensation.took_ms;
    const after =
      took === undefined ? '' : `, ${duration(Math.max(0, took))} after the order had ended`;
    lines.push(paint('good', `The payment was settled${after}.`));
  }
  if (status === 'None') {
    lines.push(paint('bad', 'Its status is unknown: no readable event creates it.'));
    return lines;
  }
  if (waiting === undefined) {
    lines.push(
      `It has ended and waits for nothing${status === 'Approved' ? '; the money is kept' : ''}.`,
    );
    return lines;
  }
  const queue = waiting.queued ? ` in the queue of ${waiting.consumers.join(', ')},` : '';
  lines.push(paint('warn', `It waits${queue} for ${waiting.for}.`));
  if (waiting.until === undefined) {
    lines.push(`Meanwhile ${waiting.afterwards}.`);
  } else {
    const until = moment(new Date(waiting.until));
    const remaining = waiting.remaining_ms ?? 0;
    const left =
      remaining > 0
        ? `${duration(remaining)} from now`
        : `${duration(-remaining)} ago: is the saga coordinator running?`;
    const most = waiting.queued
      ? 'at most'
      : 'or a little longer if it left the queue only recently';
    lines.push(
      `It waits until ${until} (${left}), ${most}, by the deadlines configured here. Then ${waiting.afterwards}.`,
    );
  }
  const stuck = dead_letters.some(
    ({ consumer, state }) => state === 'parked' && waiting.consumers.includes(consumer),
  );
  if (stuck)
    lines.push(
      paint('bad', 'The answer will not come by itself: the message is a dead letter, see above.'),
    );
  return lines;
}
