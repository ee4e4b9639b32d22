import type { OrderEventCodec } from '../../shared/contracts/events.ts';
import type { RecordedEvent } from '../../shared/eventstore/event-store.ts';
import type { Delivery } from '../../shared/kit/delivery.ts';
import type { Endpoint, Middleware } from '../../shared/kit/endpoint.ts';
import { CodedError } from '../../shared/kit/errors.ts';
import type { ReviewResult, ReviewService } from './service.ts';

/** What the review worker answers. */
export interface ReviewEndpoints {
  /** An order was paid: review it. */
  readonly orderPaid: Endpoint<Delivery<RecordedEvent>, ReviewResult>;
}

/** The endpoints over `service`, each wrapped in what `concerns` gives for its name. An event that cannot be read is poison. */
export function reviewEndpoints(
  service: ReviewService,
  codec: OrderEventCodec,
  concerns: (name: string) => Middleware<Delivery>,
): ReviewEndpoints {
  return {
    orderPaid: concerns('review_order')(async (ctx, { body }: Delivery<RecordedEvent>) => {
      if (codec.decode(body)?.type !== 'paymentdebited') {
        throw new CodedError(
          'invalid',
          'unexpected_event',
          `The review worker answers paid orders, not ${body.eventType}.`,
        );
      }
      return service.review(ctx, { orderId: body.aggregateId, causeId: body.eventId });
    }),
  };
}
