/** Which page of which orders to list. */
import type { orderStatuses } from '../../../shared/contracts/http.ts';
import type { Minor } from '../../../shared/money/money.ts';

/**
 * Orders, the newest first, from just after `after`: of a customer, of a restaurant, in a
 * status, and so on. All that is given must hold; with nothing given they are all orders.
 */
export interface OrderListQuery {
  readonly customerId?: string;
  /** What the customer is called in orders whose texts are sealed; others have `customerId`. */
  readonly pseudonym?: string;
  readonly restaurantId?: string;
  readonly status?: (typeof orderStatuses)[number];
  /** Least time since the order was placed, in seconds. */
  readonly olderThan?: number;
  /** The least and the greatest amount. */
  readonly minAmount?: Minor;
  readonly maxAmount?: Minor;
  /** Only orders that have not ended. */
  readonly open?: true;
  /** Only open orders that have waited for longer than they should. */
  readonly overdue?: true;
  readonly limit: number;
  /** Undefined for the first page. */
  readonly after: PageEnd | undefined;
}

/**
 * The last order of a page: its creation time in microseconds since the epoch, as the
 * database counts them, and its id, because two orders can have the same time. An
 * order never changes its place, so paging neither skips nor repeats.
 */
export interface PageEnd {
  readonly createdMicros: bigint;
  readonly orderId: string;
}

/** Orders in a page by default, and the highest `limit`. */
export const DEFAULT_LIMIT = 20;
export const MAX_LIMIT = 100;

/** The greatest age in a query, in seconds: about thirty years. */
export const MAX_AGE = 1_000_000_000;
