import { eventTypes } from '../../shared/contracts/events.ts';
import { durables } from '../../shared/contracts/subjects.ts';
import { eventWorker, type WorkerOptions } from '../../shared/eventstore/worker.ts';
import type { Component } from '../../shared/kit/lifecycle.ts';
import type { PaymentEndpoints } from './endpoints.ts';

/** Serves created orders from the durable `payment-worker`. */
export function jetstreamTransport(
  endpoints: PaymentEndpoints,
  options: Omit<WorkerOptions, 'durable' | 'eventTypes' | 'endpoint'>,
): Component {
  return eventWorker({
    ...options,
    durable: durables.payment,
    eventTypes: [eventTypes.created],
    endpoint: endpoints.orderCreated,
  });
}
