import { trace } from '@opentelemetry/api';
import { orderMetrics } from '../../shared/contracts/metric-list.ts';
import type { Context } from '../../shared/kit/context.ts';
import { codedError } from '../../shared/kit/errors.ts';
import type { Meter } from '../../shared/kit/metrics/meter.ts';
import { observed } from '../../shared/kit/observed.ts';
import type { DecidedOrder } from './order-decisions.ts';
import type { OrderService } from './service.ts';

/**
 * A service that counts what matters to the business. It also tags the trace of a
 * placed order with the order's id, which the request did not have; for other
 * operations the transport does that.
 */
export function instrumentingService(next: OrderService, meter: Meter): OrderService {
  const placed = meter.counter(orderMetrics.placed);
  const read = meter.counter(orderMetrics.read);
  const decided = meter.counter(orderMetrics.decided);
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
    get: (_ctx, _request, { source, stale }) =>
      read.add(1, { source: source.replace(' ', '_'), stale }),
    cancel: counted('cancel'),
    approve: counted('approve'),
    reject: counted('reject'),
  });
}
