import { eventTypes } from '../../shared/contracts/events.ts';
import { durables, ORDER_AGGREGATE, ORDERS_STREAM } from '../../shared/contracts/subjects.ts';
import { eventWorker, type WorkerOptions } from '../../shared/eventstore/worker/event-worker.ts';
import type { Component } from '../../shared/kit/process/lifecycle.ts';
import type { SagaEndpoints } from './endpoints.ts';

/** What begins or ends a wait: all that happens to an order. */
export const followedTypes: readonly string[] = [
  eventTypes.created,
  eventTypes.paymentdebited,
  eventTypes.paymentfailed,
  eventTypes.approved,
  eventTypes.rejected,
  eventTypes.cancelled,
  eventTypes.voidrequested,
  eventTypes.paymentvoided,
];

/** Serves the orders' events from the durable `saga-coordinator`. */
export function jetstreamTransport(
  endpoints: SagaEndpoints,
  options: Omit<WorkerOptions, 'durable' | 'stream' | 'aggregateType' | 'handles'>,
): Component {
  return eventWorker({
    ...options,
    durable: durables.saga,
    stream: ORDERS_STREAM,
    aggregateType: ORDER_AGGREGATE,
    handles: Object.fromEntries(followedTypes.map((type) => [type, endpoints.orderMoved])),
  });
}
