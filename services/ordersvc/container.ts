import { Container, type ServiceIdentifier } from 'inversify';
import { orderEventCodec } from '../../shared/contracts/events.ts';
import { ORDERS_STREAM } from '../../shared/contracts/subjects.ts';
import type { EventStore } from '../../shared/eventstore/event-store.ts';
import { createGrpcEventStore } from '../../shared/eventstore/grpc-event-store.ts';
import { adminServer } from '../../shared/kit/admin.ts';
import { createDatabase, type Database } from '../../shared/kit/database.ts';
import { type Component, createLifecycle, type Lifecycle } from '../../shared/kit/lifecycle.ts';
import { createLogger, type Logger } from '../../shared/kit/logger.ts';
import { createMetrics, type Metrics } from '../../shared/kit/metrics.ts';
import { requestMiddleware } from '../../shared/kit/onions.ts';
import { httpServer } from '../../shared/kit/transport/http.ts';
import { traceEndpoint } from '../../zipkin/endpoint.ts';
import { grpcClientTrace } from '../../zipkin/grpc.ts';
import { httpServerTrace } from '../../zipkin/http.ts';
import { startTracing, type Tracing } from '../../zipkin/tracer.ts';
import type { Config } from './config.ts';
import { type OrderEndpoints, orderEndpoints } from './endpoints.ts';
import { instrumentingService } from './instrumenting.ts';
import { loggingService } from './logging.ts';
import { type ReadModel, sqlReadModel } from './read-model.ts';
import { createRecentWrites } from './recent-writes.ts';
import { createOrderService, type OrderService } from './service.ts';
import { orderRoutes } from './transport-http.ts';

/** What main runs and tests look at. */
export interface App {
  readonly lifecycle: Lifecycle;
  readonly logger: Logger;
  /** Ports that are listened on, once started; asked for 0, the system chose them. */
  ports(): { readonly http: number; readonly admin: number };
}

const token = <T>(name: string): ServiceIdentifier<T> => Symbol(name);
const tokens = {
  logger: token<Logger>('logger'),
  metrics: token<Metrics>('metrics'),
  tracing: token<Tracing>('tracing'),
  database: token<Database>('database'),
  store: token<EventStore & Component>('event store'),
  readModel: token<ReadModel>('read model'),
  service: token<OrderService>('service'),
  endpoints: token<OrderEndpoints>('endpoints'),
  http: token<ReturnType<typeof httpServer>>('http'),
};

/** Failures in a row after which an endpoint stops trying, and for how long: a restart of what is behind it takes about that. */
const BREAKER = { threshold: 20, halfOpenAfterMs: 1_000 };

/**
 * Puts ordersvc together, inside out. In the middle is the service, which knows
 * the event store and the read model and nothing of wires; around it lie its
 * own middlewares, which count and tell what matters to the business. Each of
 * its methods becomes an endpoint, wrapped in what every request gets: tracing,
 * measuring, logging, a rate limit, a timeout and a circuit breaker. Outermost
 * is HTTP, which decodes, calls one endpoint and encodes. The lifecycle starts
 * what others lean on first, and stops in the reverse order: requests in flight
 * are answered before the connections behind them close.
 */
export function createContainer(config: Config): App {
  const container = new Container({ defaultScope: 'Singleton' });

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

  container.bind(tokens.database).toResolvedValue(
    (logger: Logger) =>
      createDatabase({
        url: config.databaseUrl,
        name: config.serviceName,
        poolSize: config.databasePoolSize,
        queryTimeoutMs: config.requestTimeoutMs * 0.8,
        logger,
      }),
    [tokens.logger],
  );
  container.bind(tokens.readModel).toResolvedValue(sqlReadModel, [tokens.database]);
  container.bind(tokens.store).toResolvedValue(
    ({ tracer }: Tracing, logger: Logger) =>
      createGrpcEventStore({
        address: config.eventStoreAddress,
        stream: ORDERS_STREAM,
        hook: grpcClientTrace(tracer),
        // Less than the request has, so that what went wrong can still be told.
        timeoutMs: config.requestTimeoutMs * 0.8,
        logger,
      }),
    [tokens.tracing, tokens.logger],
  );

  container.bind(tokens.service).toResolvedValue(
    (
      store: EventStore & Component,
      readModel: ReadModel,
      { meter }: Metrics,
      logger: Logger,
    ): OrderService => {
      const service = createOrderService({
        store,
        storeAway: () => store.notReady?.() !== undefined,
        readModel,
        recent: createRecentWrites(),
        codec: orderEventCodec(config.decimals),
        patienceMs: config.requestTimeoutMs / 3,
      });
      return loggingService(instrumentingService(service, meter), logger);
    },
    [tokens.store, tokens.readModel, tokens.metrics, tokens.logger],
  );

  container.bind(tokens.endpoints).toResolvedValue(
    (service: OrderService, { tracer }: Tracing, { meter }: Metrics, logger: Logger) =>
      orderEndpoints(service, (name) =>
        requestMiddleware({
          tracing: traceEndpoint(tracer, name),
          meter,
          logger,
          name,
          timeoutMs: config.requestTimeoutMs,
          breaker: BREAKER,
          ...(config.rateLimitPerSecond > 0 && {
            rateLimit: { points: config.rateLimitPerSecond, perMs: 1_000 },
          }),
        }),
      ),
    [tokens.service, tokens.tracing, tokens.metrics, tokens.logger],
  );

  container.bind(tokens.http).toResolvedValue(
    (endpoints: OrderEndpoints, { tracer }: Tracing, logger: Logger) =>
      httpServer({
        host: config.bindAddress,
        port: config.httpPort,
        routes: orderRoutes(endpoints, config.decimals),
        hook: httpServerTrace(tracer),
        bodyLimitBytes: config.bodyLimitBytes,
        logger,
      }),
    [tokens.endpoints, tokens.tracing, tokens.logger],
  );

  return assemble(container, config);
}

function assemble(container: Container, config: Config): App {
  const logger = container.get(tokens.logger);
  const tracing = container.get(tokens.tracing);
  const metrics = container.get(tokens.metrics);
  const http = container.get(tokens.http);
  const admin = adminServer({
    host: config.bindAddress,
    port: config.adminPort,
    notReady: () => lifecycle.notReady(),
    metrics,
  });
  const lifecycle = createLifecycle({
    components: [
      tracing,
      { name: 'metrics', stop: () => metrics.close() },
      admin,
      container.get(tokens.database),
      container.get(tokens.store),
      http,
    ],
    logger,
    stopTimeoutMs: config.shutdownTimeoutMs,
  });
  return { lifecycle, logger, ports: () => ({ http: http.port(), admin: admin.port() }) };
}
