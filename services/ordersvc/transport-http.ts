/**
 * The endpoints over HTTP. An order's version is its `ETag`; `x-stale: true`
 * marks an order that may have moved on since, because the log could not be
 * asked; `If-Match`, `If-None-Match` and
 * `min_version` are looked at where one order is read, and `If-Match` where one
 * is decided about. A decision is answered with the order it leaves behind, also where it
 * was so before: a command repeated is answered alike.
 */
import type { Currency } from '../../shared/domain/currency.ts';
import { versioned, versionHeaders } from '../../shared/kit/transport/http/etag.ts';
import { type Route, route } from '../../shared/kit/transport/http/http-server.ts';
import type { OrderEndpoints } from './endpoints.ts';
import { answersIn } from './http/answers.ts';
import { readCancelBody, readRejectBody } from './http/decision-body.ts';
import { openApiRoute } from './http/openapi.ts';
import { orderRequestReader } from './http/order-body.ts';
import type { DecidedOrder } from './order-decisions.ts';
import { LIST_PARAMETERS, readOrderListQuery } from './views/order-list.ts';
import { readOrderQuery, readOrderToDecide } from './views/order-query.ts';

const ORDERS = '/api/orders';

/** The routes of `endpoints`, with money in `currency`. */
export function orderRoutes(endpoints: OrderEndpoints, currency: Currency): readonly Route[] {
  const readOrderRequest = orderRequestReader(currency);
  const answers = answersIn(currency.decimals);
  const decided = ({ order }: DecidedOrder) => ({
    status: 200,
    headers: versionHeaders(order.version),
    body: answers.order(order),
  });

  return [
    openApiRoute(currency),
    route({
      method: 'POST',
      path: ORDERS,
      decode: (http) => readOrderRequest(http.body(), http.headerValues('idempotency-key')),
      endpoint: endpoints.place,
      encode: ({ order, version }) => ({
        status: 201,
        headers: { location: `${ORDERS}/${order.orderId}`, ...versionHeaders(version) },
        body: answers.placed(order),
      }),
    }),
    route({
      method: 'GET',
      path: ORDERS,
      query: LIST_PARAMETERS,
      decode: (http) => readOrderListQuery(http.query),
      endpoint: endpoints.list,
      encode: (page) => ({ status: 200, body: answers.list(page) }),
    }),
    route({
      method: 'GET',
      path: `${ORDERS}/:id`,
      query: ['min_version'],
      decode: readOrderQuery,
      endpoint: endpoints.get,
      encode: ({ order, stale }, http) =>
        versioned(http, order.version, {
          status: 200,
          headers: { ...(stale && { 'x-stale': 'true' }) },
          body: answers.order(order),
        }),
    }),
    route({
      method: 'GET',
      path: `${ORDERS}/:id/events`,
      query: ['min_version'],
      decode: readOrderQuery,
      endpoint: endpoints.history,
      encode: (events, http) =>
        versioned(http, events.at(-1)?.version ?? 0n, {
          status: 200,
          body: answers.events(events),
        }),
    }),
    route({
      method: 'POST',
      path: `${ORDERS}/:id/cancel`,
      decode: (http) => ({ ...readOrderToDecide(http), reason: readCancelBody(http) }),
      endpoint: endpoints.cancel,
      encode: decided,
    }),
    route({
      method: 'POST',
      path: `${ORDERS}/:id/approve`,
      decode: readOrderToDecide,
      endpoint: endpoints.approve,
      encode: decided,
    }),
    route({
      method: 'POST',
      path: `${ORDERS}/:id/reject`,
      decode: (http) => ({ ...readOrderToDecide(http), reason: readRejectBody(http) }),
      endpoint: endpoints.reject,
      encode: decided,
    }),
  ];
}
