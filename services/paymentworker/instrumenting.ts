import type { Meter } from '@opentelemetry/api';
import type { PaymentService } from './service.ts';

/** Counts payments by what came of them, and the money that was debited, in minor units. */
export function instrumentingService(next: PaymentService, meter: Meter): PaymentService {
  const payments = meter.createCounter('payments_total', {
    description: 'Payments by result',
  });
  const debited = meter.createCounter('payments_debited_minor_units_total', {
    description: 'Money debited, in minor units of the currency',
  });
  return {
    async pay(ctx, request) {
      const result = await next.pay(ctx, request);
      payments.add(1, { result });
      if (result === 'debited') debited.add(request.order.amount);
      return result;
    },
  };
}
