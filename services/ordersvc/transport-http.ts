/**
 * The endpoints over HTTP. An order's version is its `ETag`; `x-stale: true`
 * marks an order that may have moved on since, because the log could not be
 * asked. A decision is answered with the order it leaves behind, also where it
 * was so before: a command repeated is answered alike.
 */
import { orderId as orderIdSchema } from '../../shared/contracts/http.ts';
import { CodedError } from '../../shared/kit/errors.ts';
import { type HttpRequest, type Route, route } from '../../shared/kit/transport/http.ts';
import { answersIn } from './answers.ts';
import { readCancelBody, readRejectBody } from './decision-body.ts';
import type { OrderEndpoints, OrderId } from './endpoints.ts';
import { orderRequestReader } from './order-body.ts';
import type { DecidedOrder } from './order-decisions.ts';
import { readOrderListQuery } from './order-list.ts';

const ORDERS = '/api/orders';

/** The routes of `endpoints`, with money in a currency with `decimals` decimals. */
export function orderRoutes(endpoints: OrderEndpoints, decimals: number): readonly Route[] {
  const readOrderRequest = orderRequestReader(decimals);
  const answers = answersIn(decimals);
  const decided = ({ order }: DecidedOrder) => ({
    status: 200,
    headers: { etag: etag(order.version) },
    body: answers.order(order),
  });

  return [
    route({
      method: 'POST',
      path: ORDERS,
      decode: (http) => readOrderRequest(http.body(), header(http, 'idempotency-key')),
      endpoint: endpoints.place,
      encode: ({ order, version }) => ({
        status: 201,
        headers: { location: `${ORDERS}/${order.orderId}`, etag: etag(version) },
        body: answers.placed(order),
      }),
    }),
    route({
      method: 'GET',
      path: ORDERS,
      decode: (http) => readOrderListQuery(http.query),
      endpoint: endpoints.list,
      encode: (page) => ({ status: 200, body: answers.list(page) }),
    }),
    route({
      method: 'GET',
      path: `${ORDERS}/:id`,
      decode: orderId,
      endpoint: endpoints.get,
      encode: ({ order, stale }) => ({
        status: 200,
        headers: { etag: etag(order.version), ...(stale && { 'x-stale': 'true' }) },
        body: answers.order(order),
      }),
    }),
    route({
      method: 'GET',
      path: `${ORDERS}/:id/events`,
      decode: orderId,
      endpoint: endpoints.history,
      encode: (events) => ({
        status: 200,
        headers: { etag: etag(events.at(-1)?.version ?? 0n) },
        body: answers.events(events),
      }),
    }),
    route({
      method: 'POST',
      path: `${ORDERS}/:id/cancel`,
      decode: (http) => ({ ...orderId(http), reason: readCancelBody(http) }),
      endpoint: endpoints.cancel,
      encode: decided,
    }),
    route({
      method: 'POST',
      path: `${ORDERS}/:id/approve`,
      decode: orderId,
      endpoint: endpoints.approve,
      encode: decided,
    }),
    route({
      method: 'POST',
      path: `${ORDERS}/:id/reject`,
      decode: (http) => ({ ...orderId(http), reason: readRejectBody(http) }),
      endpoint: endpoints.reject,
      encode: decided,
    }),
  ];
}

/** The order that an address names. What can be no id is not looked for. */
function orderId({ params }: HttpRequest): OrderId {
  const read = orderIdSchema.safeParse(params.id);
  if (!read.success)
    throw new CodedError('not_found', 'order_not_found', 'There is no such order.');
  return { orderId: read.data };
}

function header({ headers }: HttpRequest, name: string): string | undefined {
  const value = headers[name];
  return Array.isArray(value) ? value.join(', ') : value;
}

const etag = (version: bigint): string => `"${version}"`;
