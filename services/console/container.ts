import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { orderEventCodec } from '../../shared/contracts/events.ts';
import { PROBLEM_TYPES } from '../../shared/contracts/subjects.ts';
import type { EventStore } from '../../shared/eventstore/event-store.ts';
import type { Context } from '../../shared/kit/context.ts';
import type { Logger } from '../../shared/kit/logger.ts';
import type { Metrics } from '../../shared/kit/metrics/metrics.ts';
import { authorize } from '../../shared/kit/middleware/authorize.ts';
import { requestMiddleware } from '../../shared/kit/middleware/onions.ts';
import { degradedOnceReady } from '../../shared/kit/process/degraded.ts';
import type { Runnable } from '../../shared/kit/process/run-service.ts';
import { configuredWhoCalls } from '../../shared/kit/transport/http/callers/auth-settings.ts';
import { httpServer } from '../../shared/kit/transport/http/http-server.ts';
import { traceEndpoint } from '../../zipkin/endpoint.ts';
import { httpServerTrace } from '../../zipkin/http.ts';
import { inject } from '../../zipkin/propagation.ts';
import type { Tracing } from '../../zipkin/tracer.ts';
import { assemble, bindEventStore, common, createServiceContainer, token } from '../composition.ts';
import { type AuditDesk, auditDesk } from './audits/audit-desk.ts';
import type { Config } from './config.ts';
import { consoleRules } from './console-rules.ts';
import { type ConsoleEndpoints, consoleEndpoints } from './endpoints.ts';
import { pageRoutes } from './http/page-files.ts';
import { measureReaders } from './instrumenting.ts';
import { letterDesk } from './letters/letter-desk.ts';
import { deadlinesAt } from './live/deadlines-client.ts';
import { type LiveReaders, liveReaders } from './live/live-readers.ts';
import { type LogWatch, logWatch } from './live/log-watch.ts';
import { createOrderChanges, type OrderChanges } from './live/order-changes.ts';
import { type PartsWatch, partsWatch } from './live/parts-watch.ts';
import { type PipelineWatch, pipelineWatch } from './live/pipeline-watch.ts';
import { loggingService } from './logging.ts';
import { ordersClient } from './orders/ordersvc-client.ts';
import { type ConsoleService, createConsoleService } from './service.ts';
import { consoleRoutes } from './transport-http.ts';

/** The service, as main runs it and tests inspect it. */
export interface App extends Runnable {
  /** Ports in use, once started. With port 0 the system chose them. */
  ports(): { readonly http: number; readonly admin: number };
}

const tokens = {
  ...common,
  changes: token<OrderChanges>('changes'),
  log: token<LogWatch>('log'),
  parts: token<PartsWatch>('parts'),
  readers: token<LiveReaders>('readers'),
  pipeline: token<PipelineWatch>('pipeline'),
  audits: token<AuditDesk>('audits'),
  service: token<ConsoleService>('service'),
  endpoints: token<ConsoleEndpoints>('endpoints'),
  http: token<ReturnType<typeof httpServer>>('http'),
};

/** The tool that audits. */
const TOOL = resolve(import.meta.dirname, '../../cli/main.ts');

/** The page asks for itself again and again: most of its requests have no spans. */
const REFUSAL_SHARE = 0.01;

/**
 * Builds the console, inside out. At the core is the service, which asks others: ordersvc in
 * the caller's name, the event store with a certificate of its own, the admin ports. Beside it
 * two watches run all the time, one that follows the log and one that looks at the parts once
 * a second, and tell those who have the page open. Each method becomes an endpoint, wrapped in
 * the middlewares of every request. Outermost is HTTP, which asks who calls and serves the
 * page. The lifecycle starts dependencies first and stops in reverse order.
 */
export function createContainer(config: Config): App {
  const { decimals } = config.currency;
  const codec = orderEventCodec(decimals);
  const patience = { paymentMs: config.waits.paymentMs, reviewMs: config.waits.reviewMs };
  const now = () => Date.now();
  const container = createServiceContainer(config);
  bindEventStore(container, { ...config, readsOnly: true }, config.requestTimeoutMs * 0.8);

  container.bind(tokens.changes).toResolvedValue(() => createOrderChanges(codec, patience), []);
  container.bind(tokens.parts).toResolvedValue(() => partsWatch(config.parts), []);
  container.bind(tokens.readers).toResolvedValue(
    ({ meter }: Metrics) => {
      const readers = liveReaders(config.liveReaders);
      measureReaders(meter, readers);
      return readers;
    },
    [tokens.metrics],
  );

  container
    .bind(tokens.log)
    .toResolvedValue(
      (store: EventStore, changes: OrderChanges, logger: Logger) =>
        logWatch({ store, changes, logger, lookBack: config.lookBack }),
      [tokens.store, tokens.changes, tokens.logger],
    );

  container.bind(tokens.pipeline).toResolvedValue(
    (
      store: EventStore,
      log: LogWatch,
      changes: OrderChanges,
      parts: PartsWatch,
      readers: LiveReaders,
      logger: Logger,
    ) =>
      pipelineWatch({
        store,
        log,
        changes,
        parts,
        addresses: config.parts,
        readers,
        decimals,
        patience,
        logger,
        now,
      }),
    [tokens.store, tokens.log, tokens.changes, tokens.parts, tokens.readers, tokens.logger],
  );

  const { environmentFile, mostMs } = config.audits;
  container.bind(tokens.audits).toResolvedValue(
    (logger: Logger) =>
      auditDesk({
        command: environmentFile === undefined ? undefined : [process.execPath, TOOL],
        environment: () => JSON.parse(readFileSync(environmentFile ?? '', 'utf8')),
        mostMs,
        logger,
        now,
      }),
    [tokens.logger],
  );

  container.bind(tokens.service).toResolvedValue(
    (
      store: EventStore,
      pipeline: PipelineWatch,
      log: LogWatch,
      parts: PartsWatch,
      audits: AuditDesk,
      logger: Logger,
    ) =>
      loggingService(
        createConsoleService({
          store,
          client: ordersClient({
            url: config.ordersUrl,
            timeoutMs: config.requestTimeoutMs * 0.8,
            traced,
          }),
          letters: letterDesk(store, codec),
          deadlines: deadlinesAt(config.parts.find(({ name }) => name === 'sagacoordinator')?.url),
          audits,
          parts,
          hello: () => ({ pipeline: pipeline.hour, position: Number(log.position()) }),
          codec,
          currency: config.currency,
          waits: config.waits,
          strict: config.mode === 'strict',
          zipkinUrl: config.zipkinUrl,
          now,
        }),
        logger,
      ),
    [tokens.store, tokens.pipeline, tokens.log, tokens.parts, tokens.audits, tokens.logger],
  );

  container.bind(tokens.endpoints).toResolvedValue(
    (service: ConsoleService, { tracer }: Tracing, { meter }: Metrics, logger: Logger) =>
      consoleEndpoints(service, (name, method) =>
        requestMiddleware({
          tracing: traceEndpoint(tracer, name),
          meter,
          logger,
          name,
          timeoutMs: config.requestTimeoutMs,
          authorize: authorize(consoleRules[method]),
          okLevel: 'debug',
          ...(config.rateLimitPerSecond > 0 && {
            rateLimit: { points: config.rateLimitPerSecond, perMs: 1_000 },
          }),
        }),
      ),
    [tokens.service, tokens.tracing, tokens.metrics, tokens.logger],
  );

  container.bind(tokens.http).toResolvedValue(
    (
      endpoints: ConsoleEndpoints,
      readers: LiveReaders,
      { tracer }: Tracing,
      { meter }: Metrics,
      logger: Logger,
    ) =>
      httpServer({
        host: config.bindAddress,
        port: config.httpPort,
        routes: [...consoleRoutes(endpoints, readers), ...pageRoutes()],
        hook: httpServerTrace(tracer, {
          tagOfParam: { id: 'order.id' },
          trusted: false,
          refusalShare: REFUSAL_SHARE,
        }),
        whoCalls: configuredWhoCalls({ ...config.auth, mode: config.mode }, logger),
        problemTypes: PROBLEM_TYPES,
        meter,
        logger,
      }),
    [tokens.endpoints, tokens.readers, tokens.tracing, tokens.metrics, tokens.logger],
  );

  const http = container.get(tokens.http);
  const app = assemble(container, config, [
    container.get(tokens.store),
    degradedOnceReady(container.get(tokens.log)),
    container.get(tokens.pipeline),
    container.get(tokens.audits),
    http,
  ]);
  return { ...app, ports: () => ({ http: http.port(), admin: app.adminPort() }) };
}

/** The headers by which ordersvc continues the trace. */
function traced(ctx: Context): Readonly<Record<string, string>> {
  const headers: Record<string, string> = {};
  inject(ctx.telemetry, (key, value) => {
    headers[key] = value;
  });
  return headers;
}
