import type { Meter } from '@opentelemetry/api';
import type { PaymentService } from './service.ts';

/** Counts payments and voids by what came of them, and the money that was debited, in minor units. */
export function instrumentingService(next: PaymentService, meter: Meter): PaymentService {
  const payments = meter.createCounter('payments_total', {
    description: 'Payments by result',
  });
  const debited = meter.createCounter('payments_debited_minor_units_total', {
    description: 'Money debited, in minor units of the currency',
  });
  const voids = meter.createCounter('payment_voids_total', {
    description: 'Voids by result',
  });
  return {
    async pay(ctx, request) {
      const result = await next.pay(ctx, request);
      payments.add(1, { result });
      if (result === 'debited') debited.add(request.order.amount);
      return result;
    },
    async voidPayment(ctx, request) {
      const result = await next.voidPayment(ctx, request);
      voids.add(1, { result });
      return result;
    },
  };
}
