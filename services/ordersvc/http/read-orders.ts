import { orderAnswer, orderEventsAnswer, orderListAnswer } from '../../../shared/contracts/http.ts';
import { versioned } from '../../../shared/kit/transport/http/etag.ts';
import { answer, json, problem } from '../../../shared/kit/transport/http/openapi/bodies.ts';
import { invalid } from '../../../shared/kit/transport/http/openapi/refusals.ts';
import { type Route, route } from '../../../shared/kit/transport/http/route.ts';
import type { OrderEndpoints } from '../endpoints.ts';
import type { Answers } from './answers.ts';
import { listParameters, readOrderListQuery } from './list-query.ts';
import {
  linksToOrder,
  notFound,
  notModified,
  refusedUnderLoad,
  staleHeader,
  traceparent,
  versionedHeaders,
} from './operation-parts.ts';
import {
  ifMatch,
  ifNoneMatch,
  minVersion,
  ORDER,
  ORDERS,
  orderId,
  readOrderQuery,
} from './order-address.ts';

const refused = {
  ...refusedUnderLoad,
  ...notFound,
  412: problem(412, {
    description:
      'The order has not reached `min_version`, or its version is not among those of `If-Match`.',
    codes: ['version_not_reached', 'version_mismatch'],
  }),
  ...invalid('`min_version` is not a version, or a parameter is unknown.'),
};

/** The routes that show orders. */
export const readOrderRoutes = (
  { get, list, history }: OrderEndpoints,
  answers: Answers,
  decimals: number,
): readonly Route[] => [
  route({
    method: 'GET',
    path: ORDER,
    query: [minVersion],
    decode: readOrderQuery,
    endpoint: get,
    encode: ({ order, stale }, http) =>
      versioned(http, order.version, {
        status: 200,
        headers: { ...(stale && { 'x-stale': 'true' }) },
        body: answers.order(order),
      }),
    operation: {
      operationId: 'getOrder',
      summary: 'Get an order',
      description:
        'Never older than what was written through the same instance, or than `min_version`. While the event store is away, the answer comes from the read model and says so.',
      tags: ['customers', 'restaurants'],
      parameters: [orderId, ifMatch, ifNoneMatch, traceparent],
      responses: {
        ...refused,
        ...notModified,
        200: answer({
          description: 'The order.',
          headers: { ...versionedHeaders, ...staleHeader },
          content: json(orderAnswer),
          links: {
            ...linksToOrder('$request.path.id'),
            get: {
              operationId: 'getOrder',
              description: 'The order, if it has moved on.',
              parameters: { id: '$request.path.id', 'If-None-Match': '$response.header.ETag' },
            },
          },
        }),
      },
    },
  }),
  route({
    method: 'GET',
    path: ORDERS,
    query: listParameters,
    decode: (http) => readOrderListQuery(http.query, decimals),
    endpoint: list,
    encode: (page) => ({ status: 200, body: answers.list(page) }),
    operation: {
      operationId: 'listOrders',
      summary: 'List orders',
      description:
        'Orders, newest first; listed orders match all filters that are given. A list may lag behind writes; it gives its position. Pages neither skip nor repeat an order; with `status`, orders appear and disappear as theirs changes.',
      tags: ['customers', 'restaurants'],
      parameters: [traceparent],
      responses: {
        ...refusedUnderLoad,
        200: answer({
          description: 'A page.',
          content: json(orderListAnswer),
          links: {
            ...linksToOrder('$response.body#/orders/0/order_id'),
            next: {
              operationId: 'listOrders',
              description: 'The next page.',
              parameters: {
                customer_id: '$request.query.customer_id',
                cursor: '$response.body#/next_cursor',
              },
            },
          },
        }),
        ...invalid("The list's parameters are not valid."),
      },
    },
  }),
  route({
    method: 'GET',
    path: `${ORDER}/events`,
    query: [minVersion],
    decode: readOrderQuery,
    endpoint: history,
    encode: (events, http) =>
      versioned(http, events.at(-1)?.version ?? 0n, {
        status: 200,
        body: answers.events(events),
      }),
    operation: {
      operationId: 'getOrderEvents',
      summary: "Get an order's events",
      description: 'As stored in the log, oldest first. More types may be added.',
      tags: ['customers', 'restaurants'],
      parameters: [orderId, ifMatch, ifNoneMatch, traceparent],
      responses: {
        ...refused,
        ...notModified,
        200: answer({
          description: 'The events.',
          headers: versionedHeaders,
          content: json(orderEventsAnswer),
          links: { get: linksToOrder('$request.path.id').get },
        }),
      },
    },
  }),
];
