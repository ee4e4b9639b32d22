import {
  type App,
  assemble,
  bindEventStore,
  common,
  createServiceContainer,
  token,
} from '../../../services/composition.ts';
import { orderEventCodec } from '../../../shared/contracts/events.ts';
import type { EventStore } from '../../../shared/eventstore/event-store.ts';
import type { Logger } from '../../../shared/kit/logger.ts';
import type { Metrics } from '../../../shared/kit/metrics/metrics.ts';
import { authorize } from '../../../shared/kit/middleware/authorize.ts';
import { requestMiddleware } from '../../../shared/kit/middleware/onions.ts';
import { configuredWhoCalls } from '../../../shared/kit/transport/http/callers/auth-settings.ts';
import { httpServer } from '../../../shared/kit/transport/http/http-server.ts';
import { traceEndpoint } from '../../../zipkin/endpoint.ts';
import { httpServerTrace } from '../../../zipkin/http.ts';
import type { Tracing } from '../../../zipkin/tracer.ts';
import type { Config } from './config.ts';
import { sampleOwnerEndpoints } from './endpoints.ts';
import { sampleOwnerRules } from './sample-owner-rules.ts';
import { createSampleOwnerService, type SampleOwnerService } from './service.ts';
import { sampleOwnerRoutes } from './transport-http.ts';

const tokens = {
  ...common,
  service: token<SampleOwnerService>('service'),
  endpoints: token<SampleOwnerService>('endpoints'),
  http: token<ReturnType<typeof httpServer>>('http'),
};

/**
 * Puts samplename together, inside out: the service, the middlewares of every
 * request with who may make it, and HTTP, which finds out who calls. The lifecycle starts what others need first, and stops in the
 * reverse order.
 */
export function createContainer(config: Config): App {
  const container = createServiceContainer(config);
  // Less than the request has, so that there is time to say what went wrong.
  bindEventStore(container, { ...config, readsOnly: true }, config.requestTimeoutMs * 0.8);

  container
    .bind(tokens.service)
    .toResolvedValue(
      (store: EventStore) =>
        createSampleOwnerService(store, orderEventCodec(config.currency.decimals)),
      [tokens.store],
    );

  container.bind(tokens.endpoints).toResolvedValue(
    (service: SampleOwnerService, { tracer }: Tracing, { meter }: Metrics, logger: Logger) =>
      sampleOwnerEndpoints(service, (name, method) =>
        requestMiddleware({
          tracing: traceEndpoint(tracer, name),
          meter,
          logger,
          name,
          timeoutMs: config.requestTimeoutMs,
          authorize: authorize(sampleOwnerRules[method]),
        }),
      ),
    [tokens.service, tokens.tracing, tokens.metrics, tokens.logger],
  );

  container.bind(tokens.http).toResolvedValue(
    (endpoints: SampleOwnerService, { tracer }: Tracing, logger: Logger) =>
      httpServer({
        host: config.bindAddress,
        port: config.httpPort,
        routes: sampleOwnerRoutes(endpoints),
        hook: httpServerTrace(tracer),
        whoCalls: configuredWhoCalls({ ...config.auth, mode: config.mode }, logger),
        bodyLimitBytes: config.bodyLimitBytes,
        logger,
      }),
    [tokens.endpoints, tokens.tracing, tokens.logger],
  );

  return assemble(container, config, [container.get(tokens.store), container.get(tokens.http)]);
}
