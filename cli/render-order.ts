/** Orders as text for people. Pure. */
import type { OrderAnswer, OrderListAnswer } from '../shared/contracts/http.ts';
import type { Paint } from './paint.ts';
import { table } from './table.ts';

/** One order with its items; money with `decimals` decimals. */
export function renderOrder(order: OrderAnswer, decimals: number, paint: Paint): string {
  const reason = order.reason === undefined ? '' : `: ${order.reason}`;
  const items = table(
    order.order_items.map(({ code, name, unit_price, quantity }) => [
      `${quantity} ×`,
      `${name} (${code})`,
      `at ${amountText(unit_price, decimals)}`,
    ]),
  );
  return [
    `order ${order.order_id}: ${paintStatus(order.status, paint)}${reason}`,
    `  payment ${order.payment_status.replace('_', ' ')}, version ${order.version}`,
    `  customer ${order.customer_id} at restaurant ${order.restaurant_id}, placed ${order.created_on}`,
    ...items.map((line) => `  ${line}`),
    `  ${amountText(order.amount, decimals)} in total`,
  ].join('\n');
}

/** A page of orders, one per line, and how to get the next; money with `decimals` decimals. */
export function renderList(
  { orders, next_cursor }: OrderListAnswer,
  decimals: number,
  paint: Paint,
): string {
  if (orders.length === 0) return 'no orders';
  const rows = orders.map((order) => [
    order.order_id,
    paintStatus(order.status, paint),
    order.payment_status.replace('_', ' '),
    amountText(order.amount, decimals),
    order.created_on,
    order.customer_id,
    order.restaurant_id,
  ]);
  const heading = ['order', 'status', 'payment', 'amount', 'placed', 'customer', 'restaurant'];
  const lines = table([heading.map((text) => paint('quiet', text)), ...rows]);
  if (next_cursor !== undefined) lines.push(`more with --cursor ${next_cursor}`);
  return lines.join('\n');
}

/** A status in the colour of what it means. */
export function paintStatus(status: string, paint: Paint): string {
  if (status === 'Approved') return paint('good', status);
  return status === 'Pending' || status === 'Paid' ? paint('warn', status) : paint('bad', status);
}

/** An amount with at least `decimals` decimals; extra digits are shown, whatever the currency. */
export function amountText(amount: number, decimals: number): string {
  const enough = Array.from({ length: MOST_DECIMALS }, (_, n) => n).find(
    (n) => n >= decimals && Number(amount.toFixed(n)) === amount,
  );
  return amount.toFixed(enough ?? MOST_DECIMALS);
}

/** No currency has more. */
const MOST_DECIMALS = 4;
