import { type Meter, trace } from '@opentelemetry/api';
import { codedError } from '../../shared/kit/errors.ts';
import type { DecidedOrder } from './order-decisions.ts';
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
  const decided = meter.createCounter('orders_decided', {
    description:
      'Decisions by people, by what came of them: done, already so, or the code of a refusal.',
  });
  const count = async (command: string, decision: Promise<DecidedOrder>) => {
    try {
      const answer = await decision;
      decided.add(1, { command, outcome: answer.changed ? 'done' : 'already_so' });
      return answer;
    } catch (error) {
      decided.add(1, { command, outcome: codedError(error).code });
      throw error;
    }
  };
  return {
    // Named, and not spread: a method that is new must not be passed by in silence.
    list: (ctx, query) => next.list(ctx, query),
    history: (...asked) => next.history(...asked),
    place: async (ctx, request) => {
      const answer = await next.place(ctx, request);
      placed.add(1, { replayed: answer.replayed });
      trace.getSpan(ctx.telemetry)?.setAttribute('order.id', answer.order.orderId);
      return answer;
    },
    get: async (ctx, ...asked) => {
      const found = await next.get(ctx, ...asked);
      read.add(1, { source: found.source, stale: found.stale });
      return found;
    },
    cancel: (ctx, ...asked) => count('cancel', next.cancel(ctx, ...asked)),
    approve: (ctx, ...asked) => count('approve', next.approve(ctx, ...asked)),
    reject: (ctx, ...asked) => count('reject', next.reject(ctx, ...asked)),
  };
}
