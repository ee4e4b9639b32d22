import type { OrderEventCodec } from '../../shared/contracts/events.ts';
import type { RecordedEvent } from '../../shared/eventstore/event-store.ts';
import type { Delivery } from '../../shared/kit/delivery.ts';
import type { Endpoint, Middleware } from '../../shared/kit/endpoint.ts';
import type { UpcomingDeadline } from '../../shared/process-manager/deadlines.ts';
import type { DeadlineKind } from './saga/saga.ts';
import type { SagaOutcome, SagaService } from './service.ts';

/** What the saga coordinator answers. */
export interface SagaEndpoints {
  /** Something happened to an order. */
  readonly orderMoved: Endpoint<Delivery<RecordedEvent>, SagaOutcome>;
  /** A deadline came due. */
  readonly deadlineDue: Endpoint<UpcomingDeadline<DeadlineKind>, SagaOutcome>;
}

/** The endpoints over `service`, each wrapped in its concerns. An event that cannot be read is poison. */
export function sagaEndpoints(
  service: SagaService,
  codec: OrderEventCodec,
  concerns: {
    readonly event: (name: string) => Middleware<Delivery>;
    readonly deadline: (name: string) => Middleware<UpcomingDeadline<DeadlineKind>>;
  },
): SagaEndpoints {
  return {
    orderMoved: concerns.event('follow_order')(async (ctx, { body }: Delivery<RecordedEvent>) => {
      // Most events are followed by type and version alone; one that nobody could
      // ever fold must not pass for that reason.
      codec.decode(body);
      return service.follow(ctx, body);
    }),
    deadlineDue: concerns.deadline('fire_deadline')(
      (ctx, deadline: UpcomingDeadline<DeadlineKind>) => service.fire(ctx, deadline),
    ),
  };
}
