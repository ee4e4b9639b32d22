import { Container, type ServiceIdentifier } from 'inversify';
import { orderEventCodec } from '../../shared/contracts/events.ts';
import { durables, ORDERS_STREAM } from '../../shared/contracts/subjects.ts';
import type { EventStore } from '../../shared/eventstore/event-store.ts';
import { createGrpcEventStore } from '../../shared/eventstore/grpc-event-store.ts';
import { adminServer } from '../../shared/kit/admin.ts';
import { type Component, createLifecycle, type Lifecycle } from '../../shared/kit/lifecycle.ts';
import { createLogger, type Logger } from '../../shared/kit/logger.ts';
import { createMetrics, type Metrics } from '../../shared/kit/metrics.ts';
import { workerMiddleware } from '../../shared/kit/onions.ts';
import { connectNats, type Nats } from '../../shared/kit/transport/nats.ts';
import { traceEndpoint } from '../../zipkin/endpoint.ts';
import { grpcClientTrace } from '../../zipkin/grpc.ts';
import { jetstreamConsumerTrace } from '../../zipkin/jetstream.ts';
import { startTracing, type Tracing } from '../../zipkin/tracer.ts';
import type { Config } from './config.ts';
import { type ReviewEndpoints, reviewEndpoints } from './endpoints.ts';
import { instrumentingService } from './instrumenting.ts';
import { loggingService } from './logging.ts';
import { createReviewService, type ReviewService } from './service.ts';
import { jetstreamTransport } from './transport-jetstream.ts';

/** A review worker, put together and not yet started. */
export interface App {
  readonly lifecycle: Lifecycle;
  readonly logger: Logger;
}

const token = <T>(name: string): ServiceIdentifier<T> => Symbol(name);
const tokens = {
  logger: token<Logger>('logger'),
  metrics: token<Metrics>('metrics'),
  tracing: token<Tracing>('tracing'),
  nats: token<Nats>('nats'),
  store: token<EventStore & Component>('event store'),
  service: token<ReviewService>('service'),
  endpoints: token<ReviewEndpoints>('endpoints'),
  transport: token<Component>('transport'),
};

/** In process, before the broker's longer waits: enough for a restart of what is behind, not for an outage. */
const RETRY = { attempts: 3, initialDelayMs: 50, maxDelayMs: 1_000 };

/**
 * Puts the review worker together, inside out. In the middle is the service,
 * which knows the policy and the log and nothing of queues; around it lie its
 * own middlewares, which count and tell what matters to the business. It
 * becomes an endpoint, wrapped in what every answer to an event gets: tracing,
 * measuring, logging, the dead letter, a short retry and a timeout. Outermost
 * is the durable consumer, which acknowledges. The lifecycle starts what others
 * lean on first, and stops in the reverse order: what is in flight is finished
 * before the connections behind it close.
 */
export function createContainer(config: Config): App {
  const container = new Container({ defaultScope: 'Singleton' });
  const codec = orderEventCodec(config.decimals);

  container
    .bind(tokens.logger)
    .toConstantValue(createLogger({ service: config.serviceName, level: config.logLevel }));
  container.bind(tokens.metrics).toResolvedValue(() => createMetrics(config.serviceName));
  container
    .bind(tokens.tracing)
    .toResolvedValue(
      (logger: Logger) =>
        startTracing({ serviceName: config.serviceName, ...config.tracing, logger }),
      [tokens.logger],
    );

  container
    .bind(tokens.nats)
    .toResolvedValue(
      (logger: Logger) => connectNats({ url: config.natsUrl, name: config.serviceName, logger }),
      [tokens.logger],
    );
  container.bind(tokens.store).toResolvedValue(
    ({ tracer }: Tracing, logger: Logger) =>
      createGrpcEventStore({
        address: config.eventStoreAddress,
        stream: ORDERS_STREAM,
        hook: grpcClientTrace(tracer),
        timeoutMs: config.eventStoreTimeoutMs,
        logger,
      }),
    [tokens.tracing, tokens.logger],
  );

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
          retry: RETRY,
          timeoutMs: config.attemptTimeoutMs,
        }),
      ),
    [tokens.service, tokens.store, tokens.tracing, tokens.metrics, tokens.logger],
  );

  container.bind(tokens.transport).toResolvedValue(
    (
      endpoints: ReviewEndpoints,
      nats: Nats,
      store: EventStore,
      { tracer }: Tracing,
      { meter }: Metrics,
      logger: Logger,
    ) =>
      jetstreamTransport(endpoints, {
        connection: nats.connection,
        store,
        hook: jetstreamConsumerTrace(tracer),
        consumer: config.consumer,
        logger,
        meter,
      }),
    [tokens.endpoints, tokens.nats, tokens.store, tokens.tracing, tokens.metrics, tokens.logger],
  );

  return assemble(container, config);
}

function assemble(container: Container, config: Config): App {
  const logger = container.get(tokens.logger);
  const tracing = container.get(tokens.tracing);
  const metrics = container.get(tokens.metrics);
  const lifecycle = createLifecycle({
    components: [
      { name: 'tracing', stop: () => tracing.stop() },
      { name: 'metrics', stop: () => metrics.close() },
      adminServer({
        host: config.bindAddress,
        port: config.adminPort,
        notReady: () => lifecycle.notReady(),
        metrics,
      }),
      container.get(tokens.nats),
      container.get(tokens.store),
      container.get(tokens.transport),
    ],
    logger,
    stopTimeoutMs: config.shutdownTimeoutMs,
  });
  return { lifecycle, logger };
}
