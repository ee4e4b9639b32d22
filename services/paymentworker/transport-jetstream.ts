import { eventTypes } from '../../shared/contracts/events.ts';
import { durables } from '../../shared/contracts/subjects.ts';
import { eventWorker, type WorkerOptions } from '../../shared/eventstore/worker/event-worker.ts';
import type { Component } from '../../shared/kit/process/lifecycle.ts';
import type { PaymentEndpoints } from './endpoints.ts';

/**
 * Serves created orders and requests for a void from the durable
 * `payment-worker`: one durable for both, so that an order's void comes after
 * its debit wherever that is possible. Where it is not (another instance, a
 * redelivery), the gateway keeps them in order.
 */
export function jetstreamTransport(
  endpoints: PaymentEndpoints,
  options: Omit<WorkerOptions, 'durable' | 'eventTypes' | 'endpoint'>,
): Component {
  return eventWorker({
    ...options,
    durable: durables.payment,
    eventTypes: [eventTypes.created, eventTypes.voidrequested],
    endpoint: (ctx, delivery) =>
      delivery.body.eventType === eventTypes.voidrequested
        ? endpoints.voidRequested(ctx, delivery)
        : endpoints.orderCreated(ctx, delivery),
  });
}
