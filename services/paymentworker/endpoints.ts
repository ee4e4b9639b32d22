import { eventTypes, type OrderEventCodec } from '../../shared/contracts/events.ts';
import { type Handles, handlesOf } from '../../shared/eventstore/worker/handles.ts';
import type { Delivery } from '../../shared/kit/delivery.ts';
import type { Middleware } from '../../shared/kit/endpoint.ts';
import type { PaymentService } from './service.ts';

/** The payment worker's endpoints, each wrapped in `concerns` of its name. */
export function paymentEndpoints(
  service: PaymentService,
  codec: OrderEventCodec,
  concerns: (name: string) => Middleware<Delivery>,
): Handles {
  return handlesOf(
    { types: eventTypes, codec, concerns },
    {
      // Take the order's money.
      created: [
        'pay_order',
        (ctx, { event, recorded, mayBeRepeat }) =>
          service.pay(ctx, {
            causeId: recorded.eventId,
            // The log knows the order by its aggregate id, so the answer belongs there.
            order: { ...event.order, orderId: recorded.aggregateId },
            // An order's first event needs no read of the log; any other might begin the
            // order a second time.
            mayBeRepeat: mayBeRepeat || recorded.version !== 1n,
          }),
      ],
      // Give its money back, or make sure that none is taken.
      voidrequested: [
        'void_payment',
        (ctx, { recorded: { eventId: causeId, aggregateId: orderId } }) =>
          service.voidPayment(ctx, { causeId, orderId }),
      ],
    },
  );
}
