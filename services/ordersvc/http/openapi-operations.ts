/** Every address that ordersvc serves, as the OpenAPI document describes it. Pure. */
import { id, orderStatuses } from '../../../shared/contracts/http.ts';
import { DEFAULT_LIMIT, MAX_AGE, MAX_LIMIT } from '../views/order-list.ts';
import { examples } from './openapi-examples.ts';
import { headers, parameterRef } from './openapi-headers.ts';
import { problem, type ResponseObject, refusedAlways, refusedByHttp } from './openapi-problems.ts';
import { type JsonSchema, schemaOf, schemaRef } from './openapi-schemas.ts';

const versioned = { etag: headers.etag, 'cache-control': headers.cacheControl };
const maybeStale = { 'x-stale': headers.stale };

const json = (schema: JsonSchema, example: unknown) => ({
  'application/json': { schema, example },
});

const answer = (
  description: string,
  content: JsonSchema,
  more: { readonly headers?: JsonSchema; readonly links?: JsonSchema } = {},
): ResponseObject => ({
  description,
  headers: { ...headers.always, ...more.headers },
  content,
  ...(more.links && { links: more.links }),
});

const unreadableBody = {
  400: problem(400, {
    description:
      'The body is missing, is no JSON in UTF-8 or has a name twice in one object, or the request is none of HTTP.',
    codes: ['malformed_json', 'malformed_request'],
  }),
  415: problem(415, {
    description: 'The body is not said to be JSON in UTF-8, without Content-Encoding.',
    codes: ['unsupported_media_type'],
    headers: {
      accept: headers.accept,
      'accept-post': headers.accept,
      'accept-encoding': headers.acceptEncoding,
    },
  }),
};

const invalid = (description: string, ...codes: readonly string[]) => ({
  422: problem(422, { description, codes }),
});

/** Every operation refuses parameters that it does not know. */
const unknownParameter = invalid('There is an unknown parameter.', 'invalid_query');

const notFound = {
  404: problem(404, { description: 'There is no such order.', codes: ['order_not_found'] }),
};

const mismatch = {
  412: problem(412, {
    description: 'The order is at a version that `If-Match` does not name.',
    codes: ['version_mismatch'],
  }),
};

const unreached = {
  412: problem(412, {
    description:
      'The order has not come to `min_version`, or is at a version that `If-Match` does not name.',
    codes: ['version_not_reached', 'version_mismatch'],
  }),
  ...invalid('`min_version` is no version, or there is an unknown parameter.', 'invalid_query'),
};

const notModified: ResponseObject = {
  description: 'The caller has it already, by its `If-None-Match`.',
  headers: { ...headers.always, ...versioned, ...maybeStale },
};

/** What can be asked next of the order that `expression` names. */
function linksToOrder(expression: string) {
  const link = (operationId: string, description: string) => ({
    operationId,
    description,
    parameters: { id: expression },
  });
  return {
    get: link('getOrder', 'The order as it is now.'),
    events: link('getOrderEvents', 'What happened to it.'),
    cancel: link('cancelOrder', 'Cancels it.'),
    approve: link('approveOrder', 'Takes it.'),
    reject: { ...link('rejectOrder', 'Turns it down.'), requestBody: examples.rejectOrder },
  };
}

/** A person's decision about an order. */
function decision(options: {
  readonly operationId: string;
  readonly summary: string;
  readonly description: string;
  readonly tag: string;
  readonly body?: { readonly required: boolean; readonly content: JsonSchema };
}) {
  const { operationId, summary, description, tag, body } = options;
  return {
    parameters: [parameterRef('orderId')],
    post: {
      operationId,
      summary,
      description: `${description} It may be asked again: what is so already is answered with the order as it is.`,
      tags: [tag],
      parameters: [parameterRef('ifMatch'), parameterRef('traceparent')],
      ...(body && { requestBody: body }),
      responses: {
        200: answer(
          'The order as the decision left it.',
          json(schemaRef('Order'), examples.order),
          {
            headers: versioned,
            links: { get: linksToOrder('$request.path.id').get },
          },
        ),
        ...refusedAlways,
        ...(body && unreadableBody),
        ...notFound,
        409: problem(409, {
          description:
            'The order has ended, is not paid yet or is being paid back, or it kept moving and nothing was done.',
          codes: ['order_ended', 'order_not_paid', 'payment_voided', 'order_moving'],
          headers: { 'retry-after': { ...headers.retryAfter, required: false } },
        }),
        ...mismatch,
        ...(body
          ? invalid(
              'The reason cannot be taken, or there is an unknown parameter.',
              'invalid_decision',
              'invalid_query',
            )
          : unknownParameter),
      },
    },
  };
}

export const paths = {
  '/api/orders': {
    post: {
      operationId: 'placeOrder',
      summary: 'Place an order',
      description:
        'The order stands when this is answered. Its amount is computed here; fields that are not named are ignored, and so is an amount. Numbers are judged as they are written: 12.500000000000000001 has too many decimals.',
      tags: ['customers'],
      parameters: [parameterRef('idempotencyKey'), parameterRef('traceparent')],
      requestBody: {
        required: true,
        content: json(schemaRef('PlaceOrder'), examples.placeOrder),
      },
      responses: {
        201: answer('The order was placed.', json(schemaRef('PlacedOrder'), examples.placedOrder), {
          headers: { ...versioned, location: headers.location },
          links: {
            ...linksToOrder('$response.body#/order_id'),
            list: {
              operationId: 'listOrders',
              description: "The customer's orders.",
              parameters: { customer_id: '$response.body#/customer_id' },
            },
          },
        }),
        ...refusedAlways,
        ...unreadableBody,
        409: problem(409, {
          description:
            'The id that the Idempotency-Key stands for is taken by something that is no order.',
          codes: ['foreign_order'],
        }),
        ...invalid(
          'The order cannot be placed as it is; all that is wrong is said at once. Or the Idempotency-Key was used for another order, or there is an unknown parameter.',
          'invalid_order',
          'idempotency_key_reused',
          'invalid_query',
        ),
      },
    },
    get: {
      operationId: 'listOrders',
      summary: 'List orders',
      description:
        'Those of a customer, of a restaurant or in a status, the newest first; of `customer_id`, `restaurant_id` and `status` at least one is given, and what is given holds for all that are listed. A list may lag behind what was written; it says how far it is. A page neither skips nor repeats an order; where a status is asked for, orders come and go as theirs changes.',
      tags: ['customers', 'restaurants'],
      parameters: [
        {
          name: 'customer_id',
          in: 'query',
          description: 'Who ordered.',
          schema: schemaOf(id),
          example: 'c1',
        },
        {
          name: 'restaurant_id',
          in: 'query',
          description: 'Where it was ordered.',
          schema: schemaOf(id),
          example: 'r1',
        },
        {
          name: 'status',
          in: 'query',
          description: 'Where the order stands.',
          schema: { enum: orderStatuses },
          example: 'Paid',
        },
        {
          name: 'older_than',
          in: 'query',
          description: 'Only orders that were placed so many seconds ago, or longer.',
          schema: { type: 'integer', minimum: 0, maximum: MAX_AGE },
          example: 600,
        },
        {
          name: 'limit',
          in: 'query',
          description: 'How many orders at most.',
          schema: { type: 'integer', minimum: 1, maximum: MAX_LIMIT, default: DEFAULT_LIMIT },
        },
        {
          name: 'cursor',
          in: 'query',
          description: 'The `next_cursor` of the page before. It cannot be made up.',
          schema: { type: 'string', format: 'order-list-cursor' },
        },
        parameterRef('traceparent'),
      ],
      responses: {
        200: answer('A page.', json(schemaRef('OrderList'), examples.orderList), {
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
        ...refusedAlways,
        ...invalid('The orders cannot be listed so.', 'invalid_query'),
      },
    },
  },
  '/api/orders/{id}': {
    parameters: [parameterRef('orderId')],
    get: {
      operationId: 'getOrder',
      summary: 'Get an order',
      description:
        'Never older than what was written through the same instance, nor than `min_version`. With the event store away it is served as the read model has it, and says so.',
      tags: ['customers', 'restaurants'],
      parameters: [
        parameterRef('minVersion'),
        parameterRef('ifMatch'),
        parameterRef('ifNoneMatch'),
        parameterRef('traceparent'),
      ],
      responses: {
        200: answer('The order.', json(schemaRef('Order'), examples.order), {
          headers: { ...versioned, ...maybeStale },
          links: {
            ...linksToOrder('$request.path.id'),
            get: {
              operationId: 'getOrder',
              description: 'The order, if it has moved on.',
              parameters: { id: '$request.path.id', 'If-None-Match': '$response.header.ETag' },
            },
          },
        }),
        304: notModified,
        ...refusedAlways,
        ...notFound,
        ...unreached,
      },
    },
  },
  '/api/orders/{id}/events': {
    parameters: [parameterRef('orderId')],
    get: {
      operationId: 'getOrderEvents',
      summary: "Get an order's events",
      description: 'As they stand in the log, the oldest first. Types may be added.',
      tags: ['customers', 'restaurants'],
      parameters: [
        parameterRef('minVersion'),
        parameterRef('ifMatch'),
        parameterRef('ifNoneMatch'),
        parameterRef('traceparent'),
      ],
      responses: {
        200: answer('The events.', json(schemaRef('OrderEvents'), examples.orderEvents), {
          headers: versioned,
          links: { get: linksToOrder('$request.path.id').get },
        }),
        304: notModified,
        ...refusedAlways,
        ...notFound,
        ...unreached,
      },
    },
  },
  '/api/orders/{id}/cancel': decision({
    operationId: 'cancelOrder',
    summary: 'Cancel an order',
    description: 'Ends an order that is Pending or Paid; what was paid is given back.',
    tag: 'customers',
    body: { required: false, content: json(schemaRef('CancelOrder'), examples.cancelOrder) },
  }),
  '/api/orders/{id}/approve': decision({
    operationId: 'approveOrder',
    summary: 'Approve an order',
    description: 'Takes an order that is Paid. A body is not looked at.',
    tag: 'restaurants',
  }),
  '/api/orders/{id}/reject': decision({
    operationId: 'rejectOrder',
    summary: 'Reject an order',
    description: 'Turns down an order that is Paid; what was paid is given back.',
    tag: 'restaurants',
    body: { required: true, content: json(schemaRef('RejectOrder'), examples.rejectOrder) },
  }),
  '/openapi.json': {
    get: {
      operationId: 'getOpenApi',
      summary: 'Get this document',
      description: 'As OpenAPI 3.1, for the currency that this service counts in.',
      tags: ['about'],
      responses: {
        200: answer('This document.', { 'application/json': { schema: { type: 'object' } } }),
        ...refusedByHttp,
        ...unknownParameter,
      },
    },
  },
};
