import { type Logger, logFields } from '../../shared/kit/logger.ts';
import type { PaymentService } from './service.ts';

/** Says what came of each payment and each void. Declined and voided are worth a line to people; debited is the rule. */
export function loggingService(next: PaymentService, logger: Logger): PaymentService {
  return {
    async pay(ctx, request) {
      const result = await next.pay(ctx, request);
      const level = result === 'declined' ? 'info' : 'debug';
      logger[level](
        { ...logFields(ctx), order_id: request.order.orderId, amount: request.order.amount },
        `payment ${result}`,
      );
      return result;
    },
    async voidPayment(ctx, request) {
      const result = await next.voidPayment(ctx, request);
      const level = result === 'answered before' ? 'debug' : 'info';
      logger[level]({ ...logFields(ctx), order_id: request.orderId }, `void: ${result}`);
      return result;
    },
  };
}
