/** Changes of orders as text for people. Pure. */
import { duration, moment } from '../duration.ts';
import type { Paint } from '../paint.ts';
import { amountText, paintStatus } from '../render-order.ts';
import { table } from '../table.ts';
import type { OrderChange } from './order-board.ts';

/** One change, for where there is no terminal. */
export function changeLine(change: OrderChange, decimals: number, paint: Paint): string {
  const { status_before: before, status, reason } = change;
  const now = paintStatus(status, paint);
  const step = before === undefined || before === status ? now : `${before} → ${now}`;
  return [
    moment(new Date(change.changed_at)),
    change.order_id,
    `${step}${reason === undefined ? '' : ` (${reason})`}`,
    `payment ${change.payment_status.replace('_', ' ')}`,
    ...(change.amount === undefined ? [] : [amountText(change.amount, decimals)]),
    change.customer_id ?? '',
    change.restaurant_id ?? '',
  ]
    .filter((part) => part !== '')
    .join('  ');
}

/** What the screen shows. */
export interface Shown {
  readonly rows: readonly OrderChange[];
  /** The position of the last event. */
  readonly position: number;
  /** The event store is away. */
  readonly away: boolean;
  readonly now: Date;
  /** As many lines, and as many characters in each, as the screen has. */
  readonly lines: number;
  readonly columns: number;
}

/** The orders that changed last, as many as the screen holds. */
export function boardLines(shown: Shown, decimals: number, paint: Paint): readonly string[] {
  const { rows, position, away, now, lines, columns } = shown;
  const heading = ['order', 'status', 'payment', 'amount', 'restaurant', 'customer', 'changed'];
  const fitting = rows.slice(0, Math.max(1, lines - 3));
  const cells = fitting.map((row) => [
    row.order_id,
    paintStatus(row.status, paint),
    row.payment_status.replace('_', ' '),
    row.amount === undefined ? '' : amountText(row.amount, decimals),
    row.restaurant_id ?? '',
    row.customer_id ?? '',
    age(now.getTime() - Date.parse(row.changed_at)),
  ]);
  const state = away
    ? paint('bad', 'the event store does not answer; it is asked again')
    : `the log is at ${position}`;
  return [
    `${state} ${paint('quiet', '– Ctrl-C ends this')}`,
    '',
    ...table([heading.map((text) => paint('quiet', text)), ...cells]).map((line) =>
      cut(line, columns),
    ),
  ];
}

/** In whole seconds: tenths would make the table tremble. */
const age = (ms: number): string =>
  ms < 1_000 ? 'now' : `${duration(Math.floor(ms / 1_000) * 1_000)} ago`;

/** A longer line would wrap and push the others off the screen. Colours take no room. */
function cut(line: string, columns: number): string {
  let room = columns;
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they begin the colours.
  return line.replace(/\u001b\[[\d;]*m|[^\u001b]/gu, (part) => {
    if (part.startsWith('\u001b')) return part;
    return room-- > 0 ? part : '';
  });
}
