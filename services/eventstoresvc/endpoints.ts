/** The event store's methods as endpoints, each with its middlewares. */
import type { ServedEventStore } from '../../shared/eventstore/event-store.ts';
import type { Endpoint, Middleware } from '../../shared/kit/endpoint.ts';
import { endpointsOf } from '../../shared/kit/endpoints-of.ts';
import { type Exhausted, type ExhaustedOutcome, parkExhausted } from './consumers/exhausted.ts';

/** What clients see of the event store, except `readAggregate`, which they build on `readAggregates` and `read`; and what handles exhausted messages. */
export interface Endpoints extends Omit<ServedEventStore, 'readAggregate'> {
  readonly parkExhausted: Endpoint<Exhausted, ExhaustedOutcome>;
}

/** @param concerns the middlewares for the endpoint `name`, outermost first */
export function createEndpoints(
  service: ServedEventStore,
  concerns: (name: string) => Middleware,
): Endpoints {
  return endpointsOf<Endpoints>(
    { ...service, parkExhausted: (ctx, message) => parkExhausted(ctx, service, message) },
    {
      append: 'append',
      read: 'read',
      readAggregates: 'read aggregates',
      stream: 'stream',
      batches: 'batches',
      head: 'head',
      currency: 'currency',
      settleCurrency: 'settle currency',
      saveCheckpoint: 'save checkpoint',
      getCheckpoint: 'get checkpoint',
      listCheckpoints: 'list checkpoints',
      park: 'park',
      deadLetters: 'dead letters',
      requestReplay: 'request replay',
      takeReplays: 'take replays',
      resolveReplay: 'resolve replay',
      closeLetter: 'close letter',
      parkExhausted: 'park exhausted',
    },
    concerns,
  );
}
