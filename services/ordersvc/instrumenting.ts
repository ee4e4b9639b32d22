import { type Meter, trace } from '@opentelemetry/api';
import type { OrderService } from './service.ts';

/**
 * A service that counts what matters to the business. It also tags the trace
 * of a placed order with the order's id, which no part of the request named;
 * everywhere else the transport knows it.
 */
export function instrumentingService(next: OrderService, meter: Meter): OrderService {
  const placed = meter.createCounter('orders_placed', {
    description: 'Orders accepted; replayed are those that a retry got the first answer for.',
  });
  const read = meter.createCounter('orders_read', {
    description: 'Single orders shown, by where they came from and whether they may be stale.',
  });
  return {
    ...next,
    place: async (ctx, request) => {
      const answer = await next.place(ctx, request);
      placed.add(1, { replayed: answer.replayed });
      trace.getSpan(ctx.telemetry)?.setAttribute('order.id', answer.order.orderId);
      return answer;
    },
    get: async (ctx, orderId) => {
      const found = await next.get(ctx, orderId);
      read.add(1, { source: found.source, stale: found.stale });
      return found;
    },
  };
}
