/** The filters of orders that several commands have, named as those of `GET /api/orders`. */
import { type Command, Option } from 'commander';
import { orderStatuses } from '../shared/contracts/http.ts';
import { minorFromDecimal } from '../shared/money/money.ts';
import { UsageError } from './option.ts';

/** As given. */
export interface OrderFilters {
  readonly customer?: string;
  readonly restaurant?: string;
  readonly status?: string;
  readonly minAmount?: string;
  readonly maxAmount?: string;
}

/** `command` with these options. */
export const withOrderFilters = (command: Command): Command =>
  command
    .option('--customer <id>', 'only of this customer')
    .option('--restaurant <id>', 'only of this restaurant')
    .addOption(new Option('--status <status>', 'only in this status').choices([...orderStatuses]))
    .option('--min-amount <amount>', 'only from this amount on, such as 9.50')
    .option('--max-amount <amount>', 'only up to this amount');

/** The query of `GET /api/orders` for them and what else is given; ordersvc validates the values. */
export function orderQuery(
  filters: OrderFilters,
  others: Readonly<Record<string, string | undefined>>,
): URLSearchParams {
  const asked = {
    customer_id: filters.customer,
    restaurant_id: filters.restaurant,
    status: filters.status,
    min_amount: filters.minAmount,
    max_amount: filters.maxAmount,
    ...others,
  };
  const query = new URLSearchParams();
  for (const [name, value] of Object.entries(asked)) {
    if (value !== undefined) query.set(name, value);
  }
  return query;
}

/** What is compared of an order. */
export interface Filtered {
  readonly customer_id?: string;
  readonly restaurant_id?: string;
  readonly status: string;
  /** In major units. */
  readonly amount?: number;
}

/** Whether an order passes all of them. Throws UsageError for an amount that is none. */
export function passing(filters: OrderFilters, decimals: number): (order: Filtered) => boolean {
  const bound = (option: string, text: string | undefined) => {
    if (text === undefined) return undefined;
    if (minorFromDecimal(text, decimals) !== undefined) return Number(text);
    throw new UsageError(
      `${option}: must be an amount from 0 with at most ${decimals} decimals, such as 9.50`,
    );
  };
  const least = bound('--min-amount', filters.minAmount);
  const most = bound('--max-amount', filters.maxAmount);
  const is = (wanted: string | undefined, has: string | undefined) =>
    wanted === undefined || wanted === has;
  return ({ customer_id, restaurant_id, status, amount }) =>
    is(filters.customer, customer_id) &&
    is(filters.restaurant, restaurant_id) &&
    is(filters.status, status) &&
    (least === undefined || (amount !== undefined && amount >= least)) &&
    (most === undefined || (amount !== undefined && amount <= most));
}
