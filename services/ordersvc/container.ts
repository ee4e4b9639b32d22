import { orderEventCodec } from '../../shared/contracts/events.ts';
import { PROBLEM_TYPES } from '../../shared/contracts/subjects.ts';
import type { EventStore } from '../../shared/eventstore/event-store.ts';
import { isStandstill } from '../../shared/eventstore/log-recovery.ts';
import { isMachineryFailure } from '../../shared/kit/errors.ts';
import type { Logger } from '../../shared/kit/logger.ts';
import type { Metrics } from '../../shared/kit/metrics.ts';
import { requestMiddleware } from '../../shared/kit/middleware/onions.ts';
import type { Component } from '../../shared/kit/process/lifecycle.ts';
import type { Runnable } from '../../shared/kit/process/run-service.ts';
import { httpServer } from '../../shared/kit/transport/http/http-server.ts';
import { traceEndpoint } from '../../zipkin/endpoint.ts';
import { httpServerTrace } from '../../zipkin/http.ts';
import type { Tracing } from '../../zipkin/tracer.ts';
import {
  assemble,
  bindDatabase,
  bindEventStore,
  common,
  createServiceContainer,
  token,
} from '../composition.ts';
import type { Config } from './config.ts';
import { type OrderEndpoints, orderEndpoints } from './endpoints.ts';
import { instrumentingService } from './instrumenting.ts';
import { loggingService } from './logging.ts';
import { createOrderService, type OrderService } from './service.ts';
import { orderRoutes } from './transport-http.ts';
import { type ReadModel, sqlReadModel } from './views/order-rows.ts';
import { createRecentWrites } from './views/recent-writes.ts';

/** The service, as main runs it and tests inspect it. */
export interface App extends Runnable {
  /** Ports in use, once started. With port 0 the system chose them. */
  ports(): { readonly http: number; readonly admin: number };
}

const tokens = {
  ...common,
  readModel: token<ReadModel>('read model'),
  service: token<OrderService>('service'),
  endpoints: token<OrderEndpoints>('endpoints'),
  http: token<ReturnType<typeof httpServer>>('http'),
};

/** Failures in a row that open an endpoint's circuit, and for how long: about as long as a dependency takes to restart. */
const BREAKER = {
  threshold: 20,
  halfOpenAfterMs: 1_000,
  // A store that waits for its operator does answer, and callers should see its message.
  counts: (error: unknown) => isMachineryFailure(error) && !isStandstill(error),
};

/**
 * Builds ordersvc, inside out. At the core is the service, which knows the event store
 * and the read model but no transport; its own middlewares count and log what matters
 * to the business. Each method becomes an endpoint, wrapped in the middlewares of every
 * request: tracing, metrics, logging, a rate limit, a timeout and a circuit breaker.
 * Outermost is HTTP, which decodes, calls one endpoint and encodes. The lifecycle
 * starts dependencies first and stops in reverse order: requests in flight are
 * answered before the connections behind them close.
 */
export function createContainer(config: Config): App {
  const container = createServiceContainer(config);
  // Less than the request's limit, which leaves time to report what failed.
  const behindMs = config.requestTimeoutMs * 0.8;
  bindDatabase(container, config, behindMs);
  bindEventStore(container, config, behindMs);

  container.bind(tokens.readModel).toResolvedValue(sqlReadModel, [tokens.database]);

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
        codec: orderEventCodec(config.currency.decimals),
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
        routes: orderRoutes(endpoints, config.currency),
        hook: httpServerTrace(tracer, { id: 'order.id' }),
        problemTypes: PROBLEM_TYPES,
        bodyLimitBytes: config.bodyLimitBytes,
        logger,
      }),
    [tokens.endpoints, tokens.tracing, tokens.logger],
  );

  const http = container.get(tokens.http);
  const app = assemble(container, config, [
    container.get(tokens.database),
    container.get(tokens.store),
    http,
  ]);
  return { ...app, ports: () => ({ http: http.port(), admin: app.adminPort() }) };
}
