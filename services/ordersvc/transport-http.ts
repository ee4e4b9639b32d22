/**
 * The endpoints over HTTP. Each route describes its operation once, from reading the
 * request to its part of the OpenAPI document. An order's version is its `ETag`;
 * `x-stale: true` marks an order that may be out of date because the log could not be
 * read. Reading one order honours `If-Match`, `If-None-Match` and `min_version`;
 * deciding about one honours `If-Match`.
 */

import type { Route } from '../../shared/kit/transport/http/route.ts';
import type { Currency } from '../../shared/money/currency.ts';
import { type Admission, openAdmission } from './admission/admission.ts';
import type { OrderEndpoints } from './endpoints.ts';
import { answersIn } from './http/answers.ts';
import { withDocument } from './http/api-document.ts';
import { decideOrderRoutes } from './http/decide-orders.ts';
import { placeOrderRoute } from './http/place-order.ts';
import { readOrderRoutes } from './http/read-orders.ts';

/** The routes for `endpoints`, with money in `currency`. Orders are placed if `admission` lets them in. */
export function orderRoutes(
  endpoints: OrderEndpoints,
  currency: Currency,
  admission: Admission = openAdmission,
): readonly Route[] {
  const answers = answersIn(currency.decimals);
  return withDocument(
    [
      placeOrderRoute(endpoints, answers, currency, admission),
      ...readOrderRoutes(endpoints, answers, currency.decimals),
      ...decideOrderRoutes(endpoints, answers),
    ],
    currency,
  );
}
