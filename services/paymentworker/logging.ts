import { type Logger, logFields } from '../../shared/kit/logger.ts';
import { observed } from '../../shared/kit/observed.ts';
import type { PaymentService } from './service.ts';

/** Logs the outcome of each payment and void. Declined and voided are worth an info line; debited is normal. */
export const loggingService = (next: PaymentService, logger: Logger): PaymentService =>
  observed(next, {
    pay: (ctx, { order: { orderId, amount } }, result) =>
      logger[result === 'declined' ? 'info' : 'debug'](
        { ...logFields(ctx), order_id: orderId, amount },
        `payment ${result}`,
      ),
    voidPayment: (ctx, { orderId }, result) =>
      logger[result === 'answered before' ? 'debug' : 'info'](
        { ...logFields(ctx), order_id: orderId },
        `void: ${result}`,
      ),
  });
