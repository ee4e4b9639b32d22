/**
 * The endpoints over HTTP: each route tells an operation once, from how a request is
 * read to what the OpenAPI document says of it. An order's version is its `ETag`;
 * `x-stale: true` marks an order that may have moved on since, because the log could
 * not be asked; `If-Match`, `If-None-Match` and `min_version` are looked at where one
 * order is read, and `If-Match` where one is decided about.
 */

import type { Route } from '../../shared/kit/transport/http/route.ts';
import type { Currency } from '../../shared/money/currency.ts';
import type { OrderEndpoints } from './endpoints.ts';
import { answersIn } from './http/answers.ts';
import { withDocument } from './http/api-document.ts';
import { decideOrderRoutes } from './http/decide-orders.ts';
import { placeOrderRoute } from './http/place-order.ts';
import { readOrderRoutes } from './http/read-orders.ts';

/** The routes of `endpoints`, with money in `currency`. */
export function orderRoutes(endpoints: OrderEndpoints, currency: Currency): readonly Route[] {
  const answers = answersIn(currency.decimals);
  return withDocument(
    [
      placeOrderRoute(endpoints, answers, currency),
      ...readOrderRoutes(endpoints, answers),
      ...decideOrderRoutes(endpoints, answers),
    ],
    currency,
  );
}
