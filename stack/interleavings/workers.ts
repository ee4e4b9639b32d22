/** The workers' real services and endpoints, with the layer of their onions that parks. */
import { paymentEndpoints } from '../../services/paymentworker/endpoints.ts';
import type { PaymentGateway } from '../../services/paymentworker/gateway/payment-gateway.ts';
import { createPaymentService } from '../../services/paymentworker/service.ts';
import { reviewEndpoints } from '../../services/reviewworker/endpoints.ts';
import { createReviewService } from '../../services/reviewworker/service.ts';
import { sagaEndpoints } from '../../services/sagacoordinator/endpoints.ts';
import type { DeadlineKind } from '../../services/sagacoordinator/saga/saga.ts';
import { createSagaService } from '../../services/sagacoordinator/service.ts';
import type { OrderEventCodec } from '../../shared/contracts/events.ts';
import { durables, ORDER_AGGREGATE } from '../../shared/contracts/subjects.ts';
import type { EventStore, RecordedEvent } from '../../shared/eventstore/event-store.ts';
import { dispatching, type Handles } from '../../shared/eventstore/worker/handles.ts';
import { background, causedBy } from '../../shared/kit/context.ts';
import type { Delivery } from '../../shared/kit/delivery.ts';
import { nop } from '../../shared/kit/endpoint.ts';
import { CodedError } from '../../shared/kit/errors.ts';
import { minor } from '../../shared/money/money.ts';
import type { UpcomingDeadline } from '../../shared/process-manager/deadlines.ts';
import { gatheredWrites } from '../../shared/process-manager/gathered-writes.ts';
import type { DeadlineWrites } from '../../shared/process-manager/grouped-writes.ts';
import type { Instance } from './follower-queue.ts';
import { parking } from './letters.ts';

export interface WorkersOptions {
  readonly store: EventStore;
  readonly gateway: PaymentGateway;
  readonly writes: DeadlineWrites<DeadlineKind>;
  readonly codec: OrderEventCodec;
  /** Called with what a worker reports. */
  readonly answered: (worker: string, delivery: Delivery<RecordedEvent>, result: unknown) => void;
}

/** How long an order waits for its payment, its review and, the first time, the answer to its void. */
export const WAIT_MS = 1_000;
/** The order is cancelled after this time, even if its worker has not received it. */
export const CEILING_MS = 10 * WAIT_MS;

/** How long changes of deadlines gather. */
const WINDOW_MS = 6;

type Handler = (delivery: Delivery<RecordedEvent>) => Promise<unknown>;

export interface Workers {
  /** By the name of the consumer; each passes over what it does not answer. */
  readonly handlers: Readonly<Record<string, Handler>>;
  /** A new instance of the coordinator, in the place of the one before. */
  readonly startCoordinator: () => Instance;
  readonly deadlineDue: (deadline: UpcomingDeadline<DeadlineKind>) => Promise<unknown>;
}

export function workers({ store, gateway, writes, codec, answered }: WorkersOptions): Workers {
  const payments = paymentEndpoints(createPaymentService(store, gateway, codec), codec, (name) =>
    parking(durables.payment, store, name === 'void_payment'),
  );
  const policy = {
    rejectAbove: minor(1_000_000),
    rejectRestaurants: ['closed'],
    manual: ['by-hand'],
  };
  const reviews = reviewEndpoints(createReviewService(store, policy, codec), codec, () =>
    parking(durables.review, store, false),
  );
  const times = { payment: WAIT_MS, review: WAIT_MS, void: WAIT_MS, ceiling: CEILING_MS };
  /** The coordinator as one instance runs it; what it gathers goes when it crashes. */
  function coordinator() {
    let crashed = false;
    const alive: DeadlineWrites<DeadlineKind> = {
      write: async (change) => {
        if (crashed) throw new CodedError('unavailable', 'crashed', 'The coordinator crashed.');
        await writes.write(change);
      },
    };
    const service = createSagaService(store, gatheredWrites(alive, WINDOW_MS), times, codec);
    const endpoints = sagaEndpoints(service, codec, {
      event: () => parking(durables.saga, store, true),
      batch: () => nop,
      deadline: () => nop,
    });
    const crash = () => {
      crashed = true;
    };
    return { ...endpoints, crash };
  }
  let saga = coordinator();
  const ctxOf = ({ body }: Delivery<RecordedEvent>) => causedBy(background('c'), body);
  const handler = (handles: Handles): Handler => {
    // The queues have each worker's own types, and those of foreign messages.
    const endpoint = dispatching(handles, ORDER_AGGREGATE, async () => undefined);
    return (delivery) => endpoint(ctxOf(delivery), delivery);
  };
  const told =
    (worker: string, handler: Handler): Handler =>
    async (delivery) =>
      answered(worker, delivery, await handler(delivery));
  return {
    handlers: {
      [durables.payment]: told(durables.payment, handler(payments)),
      [durables.review]: told(durables.review, handler(reviews)),
      [durables.saga]: (delivery) => told(durables.saga, handler(saga.handles))(delivery),
    },
    startCoordinator: () => {
      const own = coordinator();
      saga = own;
      const { usual, handles, crash } = own;
      return { usual, handler: told(durables.saga, handler(handles)), crash };
    },
    deadlineDue: (deadline) => saga.deadlineDue(background('c'), deadline),
  };
}
