import {
  type App,
  assemble,
  bindEventStore,
  bindNats,
  bindWorker,
  common,
  createServiceContainer,
  token,
} from '../../../services/composition.ts';
import { orderEventCodec } from '../../../shared/contracts/events.ts';
import { durables } from '../../../shared/contracts/subjects.ts';
import type { EventStore } from '../../../shared/eventstore/event-store.ts';
import type { Handles } from '../../../shared/eventstore/worker/handles.ts';
import type { Logger } from '../../../shared/kit/logger.ts';
import type { Metrics } from '../../../shared/kit/metrics/metrics.ts';
import { workerMiddleware } from '../../../shared/kit/middleware/onions.ts';
import { degradedOnceReady } from '../../../shared/kit/process/degraded.ts';
import { traceEndpoint } from '../../../zipkin/endpoint.ts';
import type { Tracing } from '../../../zipkin/tracer.ts';
import type { Config } from './config.ts';
import { sampleOwnerEndpoints } from './endpoints.ts';
import { instrumentingService } from './instrumenting.ts';
import { loggingService } from './logging.ts';
import { createSampleOwnerService, type SampleOwnerService } from './service.ts';

const tokens = {
  ...common,
  service: token<SampleOwnerService>('service'),
  endpoints: token<Handles>('endpoints'),
};

/**
 * Puts samplename together, inside out: the service, its own middlewares, the
 * middlewares of every answer to an event, and the durable consumer. The lifecycle
 * starts what others need first, and stops in the reverse order.
 */
export function createContainer(config: Config): App {
  const codec = orderEventCodec(config.currency.decimals);
  const container = createServiceContainer(config);
  bindNats(container, config);
  bindEventStore(container, config, config.eventStoreTimeoutMs);

  container.bind(tokens.service).toResolvedValue(
    (store: EventStore, { meter }: Metrics, logger: Logger) => {
      const service = createSampleOwnerService(store, codec);
      return loggingService(instrumentingService(service, meter), logger);
    },
    [tokens.store, tokens.metrics, tokens.logger],
  );

  container.bind(tokens.endpoints).toResolvedValue(
    (
      service: SampleOwnerService,
      store: EventStore,
      { tracer }: Tracing,
      { meter }: Metrics,
      logger: Logger,
    ) =>
      sampleOwnerEndpoints(service, codec, (name) =>
        workerMiddleware({
          tracing: traceEndpoint(tracer, name),
          meter,
          logger,
          name,
          consumer: durables.review,
          park: (ctx, letter) => store.park(ctx, letter),
          timeoutMs: config.attemptTimeoutMs,
        }),
      ),
    [tokens.service, tokens.store, tokens.tracing, tokens.metrics, tokens.logger],
  );

  bindWorker(container, config, durables.review, tokens.endpoints);

  return assemble(container, config, [
    degradedOnceReady(container.get(tokens.nats)),
    container.get(tokens.store),
    degradedOnceReady(container.get(tokens.worker)),
  ]);
}
