import type { Context } from '../../shared/kit/context.ts';
import { type Logger, logFields } from '../../shared/kit/logger.ts';
import { observed } from '../../shared/kit/observed.ts';
import type { DecidedOrder } from './order-decisions.ts';
import type { OrderService } from './service.ts';

export interface OrderLogOptions {
  /** Whether lines may tell who a customer is and what people wrote; default: they may. */
  readonly texts?: boolean;
}

/**
 * A service that logs what matters to the business. The endpoint's middleware already
 * writes a line for each request, so orders are logged only at level debug. Losing the
 * read model and showing stale orders are logged when they begin and end, not for each
 * order. A person's decision about an order is always logged.
 */
export function loggingService(
  next: OrderService,
  logger: Logger,
  { texts = true }: OrderLogOptions = {},
): OrderService {
  const readModelAway = turns(
    (fields) => logger.warn(fields, 'the read model is away: folding orders from the log'),
    () => logger.info('the read model is back'),
  );
  const stale = turns(
    (fields) => logger.warn(fields, 'the event store is away: showing orders from the read model'),
    () => logger.info('the event store is back: orders are current again'),
  );
  const told =
    (did: string) =>
    (ctx: Context, _request: unknown, { order, changed }: DecidedOrder) => {
      const { details, reason } = order;
      const fields = { ...logFields(ctx), order_id: details.orderId, ...(texts && { reason }) };
      if (changed) logger.info(fields, `order ${did}`);
      else logger.debug(fields, `order was already ${did}`);
    };
  return observed(next, {
    cancel: told('cancelled by its customer'),
    approve: told('approved by its restaurant'),
    reject: told('rejected by its restaurant'),
    place: (ctx, _request, placed) => {
      if (!logger.isLevelEnabled('debug')) return;
      const { orderId, customerId, restaurantId, amount } = placed.order;
      logger.debug(
        {
          ...logFields(ctx),
          order_id: orderId,
          ...(texts && { customer_id: customerId }),
          restaurant_id: restaurantId,
          amount_minor: amount,
        },
        placed.replayed ? 'order was already placed' : 'order placed',
      );
    },
    get: (ctx, _request, found) => {
      readModelAway(found.readModelError !== undefined, ctx, found.readModelError);
      stale(found.stale, ctx, undefined);
    },
  });
}

/** Calls `began` and `ended` only when the state changes. */
function turns(began: (fields: object) => void, ended: () => void) {
  let was = false;
  return (is: boolean, ctx: Context, err: unknown): void => {
    if (is === was) return;
    was = is;
    if (is) began({ ...logFields(ctx), err });
    else ended();
  };
}
