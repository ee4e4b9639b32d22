import { duration } from '../duration.ts';
import type { Paint } from '../paint.ts';
import { amountText, paintStatus } from '../render-order.ts';
import { table } from '../table.ts';
import type { OpenAnswer, OpenOrder } from './read-open.ts';

/** One order a line, what is due first on top; money with `decimals` decimals. */
export function renderOpen({ orders, more }: OpenAnswer, decimals: number, paint: Paint): string {
  if (orders.length === 0) return more ? 'no such order among those looked at' : 'no such order';
  const heading = ['order', 'status', 'amount', 'restaurant', 'customer', 'waits for', 'due'];
  const rows = orders.map((order) => [
    order.order_id,
    paintStatus(order.status, paint),
    amountText(order.amount, decimals),
    order.restaurant_id,
    order.customer_id,
    `${order.waiting.consumers.join(', ')}${order.waiting.queued ? ', in its queue' : ''}`,
    dueText(order, paint),
  ]);
  const lines = table([heading.map((text) => paint('quiet', text)), ...rows]);
  if (more) lines.push('there are more: raise --limit, or give --customer or --restaurant');
  return lines.join('\n');
}

function dueText({ waiting: { remaining_ms } }: OpenOrder, paint: Paint): string {
  if (remaining_ms === undefined) return '–';
  return remaining_ms < 0
    ? paint('bad', `${duration(-remaining_ms)} ago`)
    : `in ${duration(remaining_ms)}`;
}
