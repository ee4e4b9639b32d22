/** Operations of ordersvc, for any transport. */
import type { Middleware } from '../../shared/kit/endpoint.ts';
import { endpointsOf } from '../../shared/kit/endpoints-of.ts';
import type { OrderService } from './service.ts';

export type OrderEndpoints = OrderService;

/** @param concerns the middlewares for the endpoint `name` of `method`, outermost first */
export const orderEndpoints = (
  service: OrderService,
  concerns: (name: string, method: keyof OrderService) => Middleware,
): OrderEndpoints =>
  endpointsOf(
    service,
    {
      place: 'place_order',
      placed: 'find_placed_order',
      get: 'get_order',
      list: 'list_orders',
      history: 'order_events',
      cancel: 'cancel_order',
      approve: 'approve_order',
      reject: 'reject_order',
    },
    concerns,
  );
