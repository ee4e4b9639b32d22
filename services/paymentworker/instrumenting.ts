import type { Meter } from '@opentelemetry/api';
import { observed } from '../../shared/kit/observed.ts';
import type { PaymentService } from './service.ts';

/** Counts payments and voids by outcome, and the money debited, in minor units. */
export function instrumentingService(next: PaymentService, meter: Meter): PaymentService {
  const payments = meter.createCounter('payments_total', {
    description: 'Payments, by result.',
  });
  const debited = meter.createCounter('payments_debited_minor_units_total', {
    description: 'Money debited, in minor units of the currency.',
  });
  const voids = meter.createCounter('payment_voids_total', {
    description: 'Voids, by result.',
  });
  return observed(next, {
    pay: (_ctx, { order }, result) => {
      payments.add(1, { result });
      if (result === 'debited') debited.add(order.amount);
    },
    voidPayment: (_ctx, _request, result) => voids.add(1, { result }),
  });
}
