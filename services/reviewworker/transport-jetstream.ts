import { eventTypes } from '../../shared/contracts/events.ts';
import { durables } from '../../shared/contracts/subjects.ts';
import { eventWorker, type WorkerOptions } from '../../shared/eventstore/worker/event-worker.ts';
import type { Component } from '../../shared/kit/process/lifecycle.ts';
import type { ReviewEndpoints } from './endpoints.ts';

/** Serves paid orders from the durable `review-worker`. */
export function jetstreamTransport(
  endpoints: ReviewEndpoints,
  options: Omit<WorkerOptions, 'durable' | 'eventTypes' | 'endpoint'>,
): Component {
  return eventWorker({
    ...options,
    durable: durables.review,
    eventTypes: [eventTypes.paymentdebited],
    endpoint: endpoints.orderPaid,
  });
}
