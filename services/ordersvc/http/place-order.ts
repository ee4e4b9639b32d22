import { placedAnswer, placeOrderBody } from '../../../shared/contracts/http.ts';
import type { Context } from '../../../shared/kit/context.ts';
import type { CodedError } from '../../../shared/kit/errors.ts';
import { versionHeaders } from '../../../shared/kit/transport/http/etag.ts';
import { answer, json, problem } from '../../../shared/kit/transport/http/openapi/bodies.ts';
import { invalid, retryAfter } from '../../../shared/kit/transport/http/openapi/refusals.ts';
import { type Route, route } from '../../../shared/kit/transport/http/route.ts';
import type { Currency } from '../../../shared/money/currency.ts';
import type { Admission } from '../admission/admission.ts';
import type { OrderEndpoints } from '../endpoints.ts';
import type { OrderRequest } from '../order-request.ts';
import type { PlacedOrder } from '../service.ts';
import type { Answers } from './answers.ts';
import {
  linksToOrder,
  refusedUnderLoad,
  traceparent,
  versionedHeaders,
} from './operation-parts.ts';
import { ORDERS } from './order-address.ts';
import { idempotencyKey, orderRequestReader } from './order-body.ts';

const KEY_HEADER = 'idempotency-key';

/**
 * So many requests with a key are looked up at once while new orders are refused: each may
 * be a repeat, which only the log knows.
 */
const MOST_LOOKUPS = 64;

/**
 * The route by which customers order. While `admission` refuses new orders, a request
 * without a key is refused by its head alone, and one with a key if no earlier one
 * placed its order.
 */
export function placeOrderRoute(
  endpoints: OrderEndpoints,
  answers: Answers,
  currency: Currency,
  admission: Admission,
): Route {
  const readOrderRequest = orderRequestReader(currency);
  let lookups = 0;

  async function place(ctx: Context, request: OrderRequest): Promise<PlacedOrder> {
    // Without a key it was let in by its head.
    const caller = ctx.principal?.share ?? '';
    const refusal = request.idempotencyKey === undefined ? undefined : admission.refusal(caller);
    if (refusal !== undefined) return earlier(ctx, request, refusal);
    const accepted = admission.placing(caller);
    let orderId: string | undefined;
    try {
      const placed = await endpoints.place(ctx, request);
      if (!placed.replayed) orderId = placed.order.orderId;
      return placed;
    } finally {
      accepted(orderId);
    }
  }

  async function earlier(ctx: Context, request: OrderRequest, refusal: CodedError) {
    if (lookups >= MOST_LOOKUPS) throw refusal;
    lookups++;
    try {
      const placed = await endpoints.placed(ctx, request);
      if (placed === undefined) throw refusal;
      return placed;
    } finally {
      lookups--;
    }
  }

  return route({
    method: 'POST',
    path: ORDERS,
    admit: (head) =>
      head.headerValues(KEY_HEADER).length > 0 ? undefined : admission.refusal(head.share),
    decode: (http) => readOrderRequest(http.body(), http.headerValues(KEY_HEADER)),
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
        503: problem(503, {
          description:
            'Accepted orders take too long at present, and nothing was done (code orders_behind). Or a required service is away or overloaded (code event_store_away, eventstore_unavailable, circuit_open and others): then the order may have been placed. It is safe to repeat the request with the same Idempotency-Key after the time in `Retry-After`.',
          headers: { 'retry-after': retryAfter },
        }),
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
