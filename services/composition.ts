/**
 * The bindings that all services share, and how a service's lifecycle is built
 * from them and its own. Each service's container.ts adds the onion.
 */
import { Container, type ServiceIdentifier } from 'inversify';
import { EVENT_STORE, uriOf } from '../shared/contracts/rights/identities.ts';
import { ORDER_AGGREGATE, ORDERS_STREAM } from '../shared/contracts/subjects.ts';
import {
  type AgreedCurrency,
  agreedCurrency,
  inAgreedCurrency,
} from '../shared/eventstore/agreed-currency.ts';
import type { EventStore } from '../shared/eventstore/event-store.ts';
import { connectEventStore } from '../shared/eventstore/grpc/event-store-connection.ts';
import { createGrpcEventStore } from '../shared/eventstore/grpc/grpc-event-store.ts';
import {
  createSharedReading,
  inSharedReading,
} from '../shared/eventstore/reading/shared-reading.ts';
import { unsampled } from '../shared/eventstore/unsampled.ts';
import { eventWorker, type WorkerOptions } from '../shared/eventstore/worker/event-worker.ts';
import type { Handles } from '../shared/eventstore/worker/handles.ts';
import {
  type FollowerSettings,
  type LogFollowerOptions,
  logFollower,
} from '../shared/eventstore/worker/log-follower.ts';
import type { Context } from '../shared/kit/context.ts';
import type { DeadLetter, Delivery } from '../shared/kit/delivery.ts';
import type { Middleware } from '../shared/kit/endpoint.ts';
import { createLogger, type Logger } from '../shared/kit/logger.ts';
import { frameMetrics } from '../shared/kit/metrics/frame-metrics.ts';
import { createMetrics, type Metrics } from '../shared/kit/metrics/metrics.ts';
import { type WorkerOnionOptions, workerMiddleware } from '../shared/kit/middleware/onions.ts';
import { insecureReminder } from '../shared/kit/process/address/insecure.ts';
import { configError, type ServiceConfig } from '../shared/kit/process/config.ts';
import { type Component, createLifecycle } from '../shared/kit/process/lifecycle.ts';
import { measureReadiness } from '../shared/kit/process/readiness.ts';
import type { Runnable } from '../shared/kit/process/run-service.ts';
import { notShared, type Sharing } from '../shared/kit/process/sharing.ts';
import { version } from '../shared/kit/process/version.ts';
import { createDatabase, type Database, type DatabaseOptions } from '../shared/kit/sql/database.ts';
import { type AdminPages, adminServer } from '../shared/kit/transport/http/admin.ts';
import { connectNats, type Nats } from '../shared/kit/transport/nats/nats-connection.ts';
import { clientTls } from '../shared/kit/transport/tls/channel-credentials.ts';
import type { TlsFiles } from '../shared/kit/transport/tls/tls-files.ts';
import type { Currency } from '../shared/money/currency.ts';
import { sqlLease } from '../shared/process-manager/lease.ts';
import { traceEndpoint } from '../zipkin/endpoint.ts';
import { grpcClientTrace } from '../zipkin/grpc.ts';
import { jetstreamConsumerTrace } from '../zipkin/jetstream.ts';
import { loggedEventTrace } from '../zipkin/logged-event.ts';
import { continueTrace } from '../zipkin/propagation.ts';
import { startTracing, type Tracing } from '../zipkin/tracer.ts';

/** A token under which a container binds a T. Each call makes a new one. */
export const token = <T>(name: string): ServiceIdentifier<T> => Symbol(name);

/** Tokens of the shared bindings, to spread into a service's own. */
export const common = {
  logger: token<Logger>('logger'),
  metrics: token<Metrics>('metrics'),
  tracing: token<Tracing>('tracing'),
  database: token<Database>('database'),
  nats: token<Nats>('nats'),
  currency: token<AgreedCurrency>('currency'),
  store: token<EventStore & Component>('event store'),
  worker: token<Component>('worker'),
};

/** The events that a service works on: their stream and their aggregate type. */
export interface LogName {
  readonly stream: string;
  readonly aggregateType: string;
}

const orders: LogName = { stream: ORDERS_STREAM, aggregateType: ORDER_AGGREGATE };

/** A service that has not started yet. */
export interface App extends Runnable {
  /** Port of the admin server, once started. With port 0 the system chose it. */
  adminPort(): number;
}

/**
 * A container with the logger, the metrics and the tracing. Everything in a
 * container is a singleton, made on first use.
 */
export function createServiceContainer(config: ServiceConfig): Container {
  const container = new Container({ defaultScope: 'Singleton' });
  const { serviceName, logLevel, tracing } = config;
  container
    .bind(common.logger)
    .toConstantValue(createLogger({ service: serviceName, level: logLevel }));
  container
    .bind(common.metrics)
    .toResolvedValue(
      (logger: Logger) => createMetrics(serviceName, version, logger),
      [common.logger],
    );
  container
    .bind(common.tracing)
    .toResolvedValue(
      (logger: Logger) => startTracing({ serviceName, ...tracing, logger }),
      [common.logger],
    );
  return container;
}

/** Binds the service's database. `queryTimeoutMs` applies where a query's context has no nearer deadline; `planOnce` as in DatabaseOptions. */
export function bindDatabase(
  container: Container,
  config: ServiceConfig & { readonly databaseUrl: string; readonly databasePoolSize: number },
  queryTimeoutMs: number,
  { planOnce = false }: Pick<DatabaseOptions, 'planOnce'> = {},
): void {
  container.bind(common.database).toResolvedValue(
    (logger: Logger, { meter }: Metrics) =>
      createDatabase({
        url: config.databaseUrl,
        name: config.serviceName,
        poolSize: config.databasePoolSize,
        queryTimeoutMs,
        planOnce,
        logger,
        meter,
      }),
    [common.logger, common.metrics],
  );
}

/** What together.ts adds to the configuration of a service. */
interface OneOfSeveral {
  /** Connections that other services of this process have, too; default: there are no others. */
  readonly sharing?: Sharing;
}

const sharing = ({ sharing = notShared }: OneOfSeveral): Sharing => sharing;

/** Binds the connection to NATS. */
export function bindNats(
  container: Container,
  config: ServiceConfig & OneOfSeveral & { readonly natsUrl: string },
): void {
  container
    .bind(common.nats)
    .toResolvedValue(
      (logger: Logger, { meter }: Metrics) =>
        sharing(config).of(`nats ${config.natsUrl}`, () =>
          connectNats({ url: config.natsUrl, name: config.serviceName, logger, meter }),
        ),
      [common.logger, common.metrics],
    );
}

/** What `read` makes of files that the configuration names. Its error is one of the configuration. */
export function asConfigured<T>(read: () => T): T {
  try {
    return read();
  } catch (error) {
    throw configError([error instanceof Error ? error.message : String(error)]);
  }
}

/**
 * Binds a log's event store over gRPC, and the check that the log uses our currency.
 * `timeoutMs` applies where a call's context has no nearer deadline. A service that never
 * appends says `readsOnly`.
 */
export function bindEventStore(
  container: Container,
  config: OneOfSeveral & {
    readonly eventStoreAddress: string;
    readonly currency: Currency;
    readonly tls?: TlsFiles | undefined;
    readonly readsOnly?: boolean;
  },
  timeoutMs: number,
  { stream }: LogName = orders,
): void {
  const remote = token<EventStore & Component>('event store over gRPC');
  container.bind(remote).toResolvedValue(
    ({ tracer }: Tracing, logger: Logger, { meter }: Metrics) => {
      const tls = asConfigured(() => clientTls(config.tls, uriOf(EVENT_STORE)));
      const options = { address: config.eventStoreAddress, stream, timeoutMs, logger, meter, tls };
      const key = `event store ${options.address} ${stream} ${timeoutMs}`;
      const connection = sharing(config).of(key, () => connectEventStore(options));
      const hook = grpcClientTrace(tracer);
      const { readsOnly } = config;
      const store = createGrpcEventStore({ ...options, hook, connection, readsOnly });
      // Alone it would only be a detour.
      if (config.sharing === undefined) return store;
      return inSharedReading(store, config.sharing.of(`reading ${key}`, createSharedReading));
    },
    [common.tracing, common.logger, common.metrics],
  );
  container
    .bind(common.currency)
    .toResolvedValue(
      (store: EventStore) =>
        agreedCurrency(config.currency, (ctx, ours) => store.settleCurrency(unsampled(ctx), ours)),
      [remote],
    );
  container.bind(common.store).toResolvedValue(inAgreedCurrency, [remote, common.currency]);
}

/** The middlewares that every onion needs, for the endpoint `name`. */
export function onionOf(container: Container, name: string) {
  const { tracer } = container.get(common.tracing);
  const { meter } = container.get(common.metrics);
  return {
    tracing: traceEndpoint(tracer, name),
    meter,
    logger: container.get(common.logger),
    name,
  };
}

/** The middlewares of a worker's endpoints. Events that a worker cannot answer are parked in the event store. */
export function workerConcerns(
  container: Container,
  options: Pick<WorkerOnionOptions, 'consumer' | 'timeoutMs' | 'insist'>,
): (name: string) => Middleware<Delivery> {
  const store = container.get(common.store);
  const park = (ctx: Context, letter: DeadLetter) => store.park(ctx, letter);
  return (name) => workerMiddleware({ ...onionOf(container, name), ...options, park });
}

/**
 * A worker's transport: the durable `name` delivers the events of `log` to
 * `handles`. Bind NATS and the event store first. The caller starts and stops it.
 */
export function workerOf(
  container: Container,
  { consumer }: Pick<WorkerOptions, 'consumer'>,
  durable: string,
  handles: Handles,
  log: LogName = orders,
): Component {
  const { tracer } = container.get(common.tracing);
  return eventWorker({
    ...log,
    connection: container.get(common.nats).connection,
    durable,
    handles,
    store: container.get(common.store),
    hook: jetstreamConsumerTrace(tracer),
    consumer,
    logger: container.get(common.logger),
    meter: container.get(common.metrics).meter,
  });
}

/**
 * A process's transport: follows the events of `log` as `consumer`, in one of several
 * instances at a time. Bind the database, which holds the lease, and the event store first.
 * The caller starts and stops it.
 */
export function followerOf(
  container: Container,
  config: { readonly consumer: FollowerSettings; readonly leaseMs: number },
  consumer: string,
  follows: Pick<LogFollowerOptions, 'handles' | 'usual'>,
  { aggregateType }: LogName = orders,
): Component {
  const { tracer } = container.get(common.tracing);
  const logger = container.get(common.logger);
  return logFollower({
    ...follows,
    consumer,
    aggregateType,
    turn: sqlLease(container.get(common.database), {
      name: consumer,
      leaseMs: config.leaseMs,
      logger,
    }),
    store: container.get(common.store),
    hook: loggedEventTrace(tracer, consumer),
    replayHook: jetstreamConsumerTrace(tracer),
    continued: continueTrace,
    settings: config.consumer,
    logger,
    meter: container.get(common.metrics).meter,
  });
}

/** Binds the transport of a worker of orders: `workerOf` with the endpoints bound as `endpoints`. */
export function bindWorker(
  container: Container,
  config: Pick<WorkerOptions, 'consumer'>,
  durable: string,
  endpoints: ServiceIdentifier<Handles>,
): void {
  container
    .bind(common.worker)
    .toResolvedValue(
      (handles: Handles) => workerOf(container, config, durable, handles),
      [endpoints],
    );
}

/**
 * The service's lifecycle. Telemetry and the admin server start first, so that a
 * process that is still starting can be asked why; then `components`, those that
 * others depend on first. They stop in reverse order, so that work in flight
 * finishes before its connections close.
 */
export function assemble(
  container: Container,
  config: ServiceConfig,
  components: readonly Component[],
  { adminPages }: { readonly adminPages?: AdminPages } = {},
): App {
  const logger = container.get(common.logger);
  const metrics = container.get(common.metrics);
  const admin = adminServer({
    host: config.adminAddress,
    port: config.adminPort,
    notReady: () => lifecycle.notReady(),
    degraded: () => lifecycle.degraded(),
    metrics,
    also: adminPages,
  });
  const tracing = container.get(common.tracing);
  metrics.meter.observe(frameMetrics.spansDropped, (tell) => tell(tracing.dropped()));
  measureReadiness(metrics.meter, () => lifecycle);
  const lifecycle = createLifecycle({
    components: [
      tracing,
      { name: 'metrics', stop: () => metrics.close() },
      admin,
      insecureReminder(config, logger, metrics.meter),
      ...components,
    ],
    logger,
    stopTimeoutMs: config.shutdownTimeoutMs,
  });
  return { lifecycle, logger, adminPort: () => admin.port() };
}
