import { type Meter, trace } from '@opentelemetry/api';
import type { Context } from '../../shared/kit/context.ts';
import { codedError } from '../../shared/kit/errors.ts';
import { observed } from '../../shared/kit/observed.ts';
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
  const counted = (command: string) => ({
    answered: (_ctx: Context, _request: unknown, { changed }: DecidedOrder) =>
      decided.add(1, { command, outcome: changed ? 'done' : 'already_so' }),
    failed: (_ctx: Context, _request: unknown, error: unknown) =>
      decided.add(1, { command, outcome: codedError(error).code }),
  });
  return observed(next, {
    place: (ctx, _request, { order, replayed }) => {
      placed.add(1, { replayed });
      trace.getSpan(ctx.telemetry)?.setAttribute('order.id', order.orderId);
    },
    get: (_ctx, _request, { source, stale }) => read.add(1, { source, stale }),
    cancel: counted('cancel'),
    approve: counted('approve'),
    reject: counted('reject'),
  });
}
