/** What can be asked of ordersvc, over any wire. */

import type { RecordedEvent } from '../../shared/eventstore/event-store.ts';
import type { Endpoint, Middleware } from '../../shared/kit/endpoint.ts';
import type { DecidedOrder } from './order-decisions.ts';
import type { OrderRequest } from './order-request.ts';
import type { FoundOrder, OrderService, PlacedOrder } from './service.ts';
import type { OrderListQuery } from './views/order-list.ts';
import type { OrderQuery, OrderToDecide } from './views/order-query.ts';
import type { OrderPage } from './views/order-rows.ts';

/** Why an order is cancelled; the customer need not say. */
export interface Cancellation extends OrderToDecide {
  readonly reason: string | undefined;
}

/** Why an order is turned down. */
export interface Rejection extends OrderToDecide {
  readonly reason: string;
}

export interface OrderEndpoints {
  readonly place: Endpoint<OrderRequest, PlacedOrder>;
  readonly get: Endpoint<OrderQuery, FoundOrder>;
  readonly list: Endpoint<OrderListQuery, OrderPage>;
  readonly history: Endpoint<OrderQuery, readonly RecordedEvent[]>;
  readonly cancel: Endpoint<Cancellation, DecidedOrder>;
  readonly approve: Endpoint<OrderToDecide, DecidedOrder>;
  readonly reject: Endpoint<Rejection, DecidedOrder>;
}

/**
 * The endpoints of `service`, each wrapped by what `concerns` gives for its
 * name: separately, so that a breaker that one opens leaves the others closed.
 */
export function orderEndpoints(
  service: OrderService,
  concerns: (name: string) => Middleware,
): OrderEndpoints {
  return {
    place: concerns('place_order')<OrderRequest, PlacedOrder>((ctx, request) =>
      service.place(ctx, request),
    ),
    get: concerns('get_order')<OrderQuery, FoundOrder>((ctx, { orderId, minVersion, ifMatch }) =>
      service.get(ctx, orderId, minVersion, ifMatch),
    ),
    list: concerns('list_orders')<OrderListQuery, OrderPage>((ctx, query) =>
      service.list(ctx, query),
    ),
    history: concerns('order_events')<OrderQuery, readonly RecordedEvent[]>(
      (ctx, { orderId, minVersion, ifMatch }) => service.history(ctx, orderId, minVersion, ifMatch),
    ),
    cancel: concerns('cancel_order')<Cancellation, DecidedOrder>(
      (ctx, { orderId, reason, ifMatch }) => service.cancel(ctx, orderId, reason, ifMatch),
    ),
    approve: concerns('approve_order')<OrderToDecide, DecidedOrder>((ctx, { orderId, ifMatch }) =>
      service.approve(ctx, orderId, ifMatch),
    ),
    reject: concerns('reject_order')<Rejection, DecidedOrder>((ctx, { orderId, reason, ifMatch }) =>
      service.reject(ctx, orderId, reason, ifMatch),
    ),
  };
}
