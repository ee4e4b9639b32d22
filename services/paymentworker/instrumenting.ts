import { orderMetrics } from '../../shared/contracts/metric-list.ts';
import type { Meter } from '../../shared/kit/metrics/meter.ts';
import { observed } from '../../shared/kit/observed.ts';
import type { PaymentService } from './service.ts';

/** Counts payments and voids by outcome, and the money debited, in minor units. */
export function instrumentingService(next: PaymentService, meter: Meter): PaymentService {
  const payments = meter.counter(orderMetrics.payments);
  const debited = meter.counter(orderMetrics.debited);
  const voids = meter.counter(orderMetrics.voids);
  return observed(next, {
    pay: (_ctx, { order }, result) => {
      payments.add(1, { result });
      if (result === 'debited') debited.add(order.amount);
    },
    voidPayment: (_ctx, _request, result) => voids.add(1, { result }),
  });
}
