import { orderEventCodec } from '../../shared/contracts/events.ts';
import { durables } from '../../shared/contracts/subjects.ts';
import type { EventStore } from '../../shared/eventstore/event-store.ts';
import type { Handles } from '../../shared/eventstore/worker/handles.ts';
import type { Logger } from '../../shared/kit/logger.ts';
import type { Metrics } from '../../shared/kit/metrics/metrics.ts';
import { workerMiddleware } from '../../shared/kit/middleware/onions.ts';
import { degradedOnceReady } from '../../shared/kit/process/degraded.ts';
import { traceEndpoint } from '../../zipkin/endpoint.ts';
import type { Tracing } from '../../zipkin/tracer.ts';
import {
  type App,
  assemble,
  bindEventStore,
  bindNats,
  bindWorker,
  common,
  createServiceContainer,
  token,
} from '../composition.ts';
import type { Config } from './config.ts';
import { reviewEndpoints } from './endpoints.ts';
import { instrumentingService } from './instrumenting.ts';
import { loggingService } from './logging.ts';
import { createReviewService, type ReviewService } from './service.ts';

const tokens = {
  ...common,
  service: token<ReviewService>('service'),
  endpoints: token<Handles>('endpoints'),
};

/**
 * Builds the review worker, inside out. At the core is the service, which knows the
 * policy and the log but no queue; its own middlewares count and log what matters to
 * the business. It becomes an endpoint, wrapped in the middlewares of every worker:
 * tracing, metrics, logging, dead letters, a short retry and a timeout. Outermost is the
 * durable consumer, which acknowledges. The lifecycle starts dependencies first and
 * stops in reverse order: work in flight finishes before the connections behind it
 * close.
 */
export function createContainer(config: Config): App {
  const codec = orderEventCodec(config.currency.decimals);
  const container = createServiceContainer(config);
  bindNats(container, config);
  bindEventStore(container, config, config.eventStoreTimeoutMs);

  container.bind(tokens.service).toResolvedValue(
    (store: EventStore, { meter }: Metrics, logger: Logger) => {
      const service = createReviewService(store, config.policy, codec);
      return loggingService(instrumentingService(service, meter), logger);
    },
    [tokens.store, tokens.metrics, tokens.logger],
  );

  container.bind(tokens.endpoints).toResolvedValue(
    (
      service: ReviewService,
      store: EventStore,
      { tracer }: Tracing,
      { meter }: Metrics,
      logger: Logger,
    ) =>
      reviewEndpoints(service, codec, (name) =>
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
