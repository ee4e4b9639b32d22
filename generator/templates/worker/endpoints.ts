import { eventTypes, type OrderEventCodec } from '../../../shared/contracts/events.ts';
import { type Handles, handlesOf } from '../../../shared/eventstore/worker/handles.ts';
import type { Delivery } from '../../../shared/kit/delivery.ts';
import type { Middleware } from '../../../shared/kit/endpoint.ts';
import type { SampleOwnerService } from './service.ts';

/** The events that samplename answers, each wrapped in what `concerns` gives for its name. */
export function sampleOwnerEndpoints(
  service: SampleOwnerService,
  codec: OrderEventCodec,
  concerns: (name: string) => Middleware<Delivery>,
): Handles {
  return handlesOf(
    { types: eventTypes, codec, concerns },
    {
      created: [
        'answer_sample_event',
        (ctx, { recorded: { eventId: causeId, aggregateId: orderId } }) =>
          service.sampleEvent(ctx, { orderId, causeId }),
      ],
    },
  );
}
