import { eventTypes, type OrderEventCodec } from '../../shared/contracts/events.ts';
import type { RecordedEvent } from '../../shared/eventstore/event-store.ts';
import { type Handles, type Happened, handlesOf } from '../../shared/eventstore/worker/handles.ts';
import type { UsualCase } from '../../shared/kit/batch/followed-batch.ts';
import type { Delivery } from '../../shared/kit/delivery.ts';
import type { Endpoint, Middleware } from '../../shared/kit/endpoint.ts';
import type { UpcomingDeadline } from '../../shared/process-manager/deadlines.ts';
import { followed } from './saga/followed-types.ts';
import type { DeadlineKind } from './saga/saga.ts';
import type { SagaOutcome, SagaService } from './service.ts';

/** The saga coordinator's endpoints. */
export interface SagaEndpoints {
  /** Something happened to an order. */
  readonly handles: Handles;
  /** Things happened to orders; those that are usual are done together. */
  readonly usual: UsualCase<RecordedEvent>;
  /** A deadline is due. */
  readonly deadlineDue: Endpoint<UpcomingDeadline<DeadlineKind>, SagaOutcome>;
}

/** The endpoints over `service`, each with its middlewares. */
export function sagaEndpoints(
  service: SagaService,
  codec: OrderEventCodec,
  concerns: {
    readonly event: (name: string) => Middleware<Delivery>;
    readonly batch: (name: string) => Middleware;
    readonly deadline: (name: string) => Middleware<UpcomingDeadline<DeadlineKind>>;
  },
): SagaEndpoints {
  const follow: Endpoint<Happened<unknown>, SagaOutcome> = (ctx, { recorded }) =>
    service.follow(ctx, recorded);
  return {
    handles: handlesOf(
      { types: eventTypes, codec, concerns: concerns.event },
      Object.fromEntries(followed.map((type) => [type, ['follow_order', follow] as const])),
    ),
    usual: concerns.batch('follow_orders')(service.followUsual),
    deadlineDue: concerns.deadline('fire_deadline')(
      (ctx, deadline: UpcomingDeadline<DeadlineKind>) => service.fire(ctx, deadline),
    ),
  };
}
