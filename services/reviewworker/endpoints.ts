import { eventTypes, type OrderEventCodec } from '../../shared/contracts/events.ts';
import { type Handles, handlesOf } from '../../shared/eventstore/worker/handles.ts';
import type { Delivery } from '../../shared/kit/delivery.ts';
import type { Middleware } from '../../shared/kit/endpoint.ts';
import type { ReviewService } from './service.ts';

/** The review worker's endpoints, each wrapped in `concerns` of its name. */
export function reviewEndpoints(
  service: ReviewService,
  codec: OrderEventCodec,
  concerns: (name: string) => Middleware<Delivery>,
): Handles {
  return handlesOf(
    { types: eventTypes, codec, concerns },
    {
      paymentdebited: [
        'review_order',
        (ctx, { recorded: { eventId: causeId, aggregateId: orderId } }) =>
          service.review(ctx, { orderId, causeId }),
      ],
    },
  );
}
