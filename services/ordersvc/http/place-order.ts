import { placedAnswer, placeOrderBody } from '../../../shared/contracts/http.ts';
import { versionHeaders } from '../../../shared/kit/transport/http/etag.ts';
import { answer, json, problem } from '../../../shared/kit/transport/http/openapi/bodies.ts';
import { invalid } from '../../../shared/kit/transport/http/openapi/refusals.ts';
import { type Route, route } from '../../../shared/kit/transport/http/route.ts';
import type { Currency } from '../../../shared/money/currency.ts';
import type { OrderEndpoints } from '../endpoints.ts';
import type { Answers } from './answers.ts';
import {
  linksToOrder,
  refusedUnderLoad,
  traceparent,
  versionedHeaders,
} from './operation-parts.ts';
import { ORDERS } from './order-address.ts';
import { idempotencyKey, orderRequestReader } from './order-body.ts';

/** The route by which customers order. */
export function placeOrderRoute(
  { place }: OrderEndpoints,
  answers: Answers,
  currency: Currency,
): Route {
  const readOrderRequest = orderRequestReader(currency);
  return route({
    method: 'POST',
    path: ORDERS,
    decode: (http) => readOrderRequest(http.body(), http.headerValues('idempotency-key')),
    endpoint: place,
    encode: ({ order, version }) => ({
      status: 201,
      headers: { location: `${ORDERS}/${order.orderId}`, ...versionHeaders(version) },
      body: answers.placed(order),
    }),
    operation: {
      operationId: 'placeOrder',
      summary: 'Place an order',
      description:
        'Once answered, the order is accepted. The amount is computed here; other fields are ignored, and so is an amount in the body. Numbers are checked as written: 12.500000000000000001 has too many decimals.',
      tags: ['customers'],
      parameters: [idempotencyKey, traceparent],
      requestBody: {
        required: true,
        // For its shape only: this schema reads nothing.
        content: json(placeOrderBody({ currency, numberText: () => undefined })),
      },
      responses: {
        ...refusedUnderLoad,
        201: answer({
          description: 'The order was placed.',
          headers: {
            ...versionedHeaders,
            location: {
              description: 'Where the order is from now on.',
              required: true,
              schema: { type: 'string', format: 'uri-reference' },
              example: '/api/orders/018f3f6e-6f0a-7c3e-9d7e-2f1c8f0a5b11',
            },
          },
          content: json(placedAnswer),
          links: {
            ...linksToOrder('$response.body#/order_id'),
            list: {
              operationId: 'listOrders',
              description: "The customer's orders.",
              parameters: { customer_id: '$response.body#/customer_id' },
            },
          },
        }),
        409: problem(409, {
          description:
            'The order id of this Idempotency-Key already has events that do not start an order.',
          codes: ['foreign_order'],
        }),
        ...invalid(
          'The order is invalid; all problems are listed at once. Or the Idempotency-Key was used for another order, or a parameter is unknown.',
          'invalid_order',
          'idempotency_key_reused',
        ),
      },
    },
  });
}
