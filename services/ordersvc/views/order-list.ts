/** Which page of which orders to list. */
import type { orderStatuses } from '../../../shared/contracts/http.ts';

/**
 * The orders of a customer, of a restaurant or in a status, the newest first, from just
 * after `after`. At least one of the three is given; all that are given must hold.
 */
export interface OrderListQuery {
  readonly customerId?: string;
  readonly restaurantId?: string;
  readonly status?: (typeof orderStatuses)[number];
  /** Least time since the order was placed, in seconds. */
  readonly olderThan?: number;
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
