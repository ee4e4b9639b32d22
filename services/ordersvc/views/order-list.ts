/** Which page of which orders is asked for. */
import type { orderStatuses } from '../../../shared/contracts/http.ts';

/**
 * The orders of a customer, of a restaurant or in a status (one of the three at
 * least is given, and what is given holds for all of them), the newest first,
 * from just after `after`.
 */
export interface OrderListQuery {
  readonly customerId?: string;
  readonly restaurantId?: string;
  readonly status?: (typeof orderStatuses)[number];
  /** Seconds that went by since an order was placed, at least. */
  readonly olderThan?: number;
  readonly limit: number;
  /** Undefined for the first page. */
  readonly after: PageEnd | undefined;
}

/**
 * The last order of a page: when it was created, in microseconds since the
 * epoch as the database counts them, and its id, because two can be created at
 * once. An order never changes its place, so paging neither skips nor repeats.
 */
export interface PageEnd {
  readonly createdMicros: bigint;
  readonly orderId: string;
}

/** Orders of a page unless `limit` says otherwise, and the most it may say. */
export const DEFAULT_LIMIT = 20;
export const MAX_LIMIT = 100;

/** The greatest age that can be asked for, in seconds: some thirty years. */
export const MAX_AGE = 1_000_000_000;
