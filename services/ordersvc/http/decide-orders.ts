import { cancelOrderBody, orderAnswer, rejectOrderBody } from '../../../shared/contracts/http.ts';
import { versionHeaders } from '../../../shared/kit/transport/http/etag.ts';
import { answer, json, problem } from '../../../shared/kit/transport/http/openapi/bodies.ts';
import type { Operation } from '../../../shared/kit/transport/http/openapi/operation.ts';
import { invalid, retryAfter } from '../../../shared/kit/transport/http/openapi/refusals.ts';
import { type Route, route } from '../../../shared/kit/transport/http/route.ts';
import type { OrderEndpoints } from '../endpoints.ts';
import type { DecidedOrder } from '../order-decisions.ts';
import type { Answers } from './answers.ts';
import { readCancelBody, readRejectBody } from './decision-body.ts';
import {
  linksToOrder,
  notFound,
  refusedUnderLoad,
  traceparent,
  versionedHeaders,
} from './operation-parts.ts';
import { ifMatch, ORDER, orderId, readOrderToDecide } from './order-address.ts';

/**
 * The routes by which people decide about an order. The answer is the order after the
 * decision. A repeated command gets the same answer.
 */
export function decideOrderRoutes(
  { cancel, approve, reject }: OrderEndpoints,
  answers: Answers,
): readonly Route[] {
  const decided = ({ order }: DecidedOrder) => ({
    status: 200,
    headers: versionHeaders(order.version),
    body: answers.order(order),
  });
  return [
    route({
      method: 'POST',
      path: `${ORDER}/cancel`,
      decode: (http) => ({ ...readOrderToDecide(http), reason: readCancelBody(http) }),
      endpoint: cancel,
      encode: decided,
      operation: decision({
        operationId: 'cancelOrder',
        summary: 'Cancel an order',
        description: 'Cancels an order that is Pending or Paid; a payment is refunded.',
        tags: ['customers'],
        requestBody: { required: false, content: json(cancelOrderBody) },
      }),
    }),
    route({
      method: 'POST',
      path: `${ORDER}/approve`,
      decode: readOrderToDecide,
      endpoint: approve,
      encode: decided,
      operation: decision({
        operationId: 'approveOrder',
        summary: 'Approve an order',
        description: 'Accepts an order that is Paid. Ignores the body.',
        tags: ['restaurants'],
      }),
    }),
    route({
      method: 'POST',
      path: `${ORDER}/reject`,
      decode: (http) => ({ ...readOrderToDecide(http), reason: readRejectBody(http) }),
      endpoint: reject,
      encode: decided,
      operation: decision({
        operationId: 'rejectOrder',
        summary: 'Reject an order',
        description: 'Rejects an order that is Paid; the payment is refunded.',
        tags: ['restaurants'],
        requestBody: { required: true, content: json(rejectOrderBody) },
      }),
    }),
  ];
}

/** An operation that decides: its own part plus what all decisions share. */
function decision(own: Omit<Operation, 'parameters' | 'responses'>): Operation {
  return {
    ...own,
    description: `${own.description} It can be repeated: if the order is already in that state, the answer is the order.`,
    parameters: [orderId, ifMatch, traceparent],
    responses: {
      ...refusedUnderLoad,
      ...notFound,
      200: answer({
        description: 'The order as the decision left it.',
        headers: versionedHeaders,
        content: json(orderAnswer),
        links: { get: linksToOrder('$request.path.id').get },
      }),
      409: problem(409, {
        description:
          'The order has ended, is not paid yet or is being refunded, or it kept changing and nothing was done.',
        codes: ['order_ended', 'order_not_paid', 'payment_voided', 'order_moving'],
        headers: { 'retry-after': { ...retryAfter, required: false } },
      }),
      412: problem(412, {
        description: "The order's version is not among those of `If-Match`.",
        codes: ['version_mismatch'],
      }),
      ...(own.requestBody &&
        invalid('The reason is invalid, or a parameter is unknown.', 'invalid_decision')),
    },
  };
}
