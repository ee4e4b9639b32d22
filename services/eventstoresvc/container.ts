import { fileURLToPath } from 'node:url';
import type { EventStore } from '../../shared/eventstore/event-store.ts';
import type { LogRecovery } from '../../shared/eventstore/log-recovery.ts';
import type { Logger } from '../../shared/kit/logger.ts';
import type { Metrics } from '../../shared/kit/metrics.ts';
import { requestMiddleware } from '../../shared/kit/middleware/onions.ts';
import { degradedInstead } from '../../shared/kit/process/degraded.ts';
import type { Component } from '../../shared/kit/process/lifecycle.ts';
import type { Runnable } from '../../shared/kit/process/run-service.ts';
import { createDatabase, type Database } from '../../shared/kit/sql/database.ts';
import { grpcServer } from '../../shared/kit/transport/grpc/grpc-server.ts';
import type { Nats } from '../../shared/kit/transport/nats/nats-connection.ts';
import { traceEndpoint } from '../../zipkin/endpoint.ts';
import { grpcServerTrace } from '../../zipkin/grpc.ts';
import { jetstreamProducerTrace } from '../../zipkin/jetstream.ts';
import type { Tracing } from '../../zipkin/tracer.ts';
import {
  assemble,
  bindDatabase,
  bindNats,
  common,
  createServiceContainer,
  token,
} from '../composition.ts';
import { checkingService } from './checking.ts';
import type { Config } from './config.ts';
import { parkedLetters } from './consumers/parked-letters.ts';
import { type Checkpoints, createCheckpoints } from './consumers/sql-checkpoints.ts';
import { createDeadLetters, type DeadLetters } from './consumers/sql-letters.ts';
import { advisoryTransport } from './consumers/transport-advisory.ts';
import { createEndpoints, type Endpoints } from './endpoints.ts';
import { createRecoveryGrpcService } from './grpc/recovery-service.ts';
import { instrumentingService } from './instrumenting.ts';
import { createGroupCommit, type GroupCommit } from './log/group-commit.ts';
import { createLiveHead, type LiveHead } from './log/live-head.ts';
import { createLogCurrency, type LogCurrency } from './log/log-currency.ts';
import { APPENDING } from './log/sql-append.ts';
import { createEventLog, type EventLog } from './log/sql-log.ts';
import { loggingService } from './logging.ts';
import { createLostTail } from './recovery/lost-tail.ts';
import { createRecoveryEndpoints } from './recovery/recovery-endpoints.ts';
import { type Bell, createBell } from './relay/bell.ts';
import { createStanding, type Standing } from './relay/log-standing.ts';
import { createPublishedStream, type PublishedStream } from './relay/published-stream.ts';
import { createRelay, type Relay, relayDefaults } from './relay/relay.ts';
import { createService } from './service.ts';
import { tracingService } from './tracing.ts';
import { createGrpcService } from './transport-grpc.ts';

/** What main runs and tests look at. */
export interface App extends Runnable {
  /** Ports that are listened on, once started; asked for 0, the system chose them. */
  ports(): { readonly grpc: number; readonly admin: number };
}

const PROTO = fileURLToPath(new URL('../../proto/eventstore.proto', import.meta.url));

/** Called so often, thousands of times a second, that a line for each that went well would drown the rest. */
const FREQUENT = ['append', 'read', 'head', 'save checkpoint', 'get checkpoint', 'take replays'];

const tokens = {
  ...common,
  appends: token<Database>('appends'),
  bell: token<Bell>('bell'),
  letters: token<DeadLetters>('dead letters'),
  live: token<LiveHead>('live head'),
  log: token<EventLog>('log'),
  commits: token<GroupCommit>('commits'),
  standing: token<Standing>('standing'),
  logCurrency: token<LogCurrency>('currency of the log'),
  published: token<PublishedStream>('published stream'),
  relay: token<Relay>('relay'),
  checkpoints: token<Checkpoints>('checkpoints'),
  recovery: token<LogRecovery>('recovery'),
  service: token<EventStore>('service'),
  endpoints: token<Endpoints>('endpoints'),
  transport: token<ReturnType<typeof createGrpcService>>('transport'),
  grpc: token<ReturnType<typeof grpcServer>>('grpc'),
  advisories: token<Component>('advisories'),
};

/**
 * Puts eventstoresvc together, inside out. In the middle is the log in SQL;
 * group commit writes to it, over a connection of its own, and rings a bell after
 * each commit, which wakes the relay. The service is the event store's own interface on top of the log,
 * inside middlewares that check each request, keep the trace with each event,
 * count, and tell of dead letters. Each of its methods becomes an endpoint, wrapped in what every
 * request gets, and outermost is gRPC; what the broker gives up on comes in
 * beside it. The relay stands beside all that: it reads the log and publishes.
 * It stops before the broker's connection does, and group commit drains before
 * the databases'.
 */
export function createContainer(config: Config): App {
  const container = createServiceContainer(config);
  bindDatabase(container, config, config.databaseTimeoutMs, { planOnce: true });
  container.bind(tokens.appends).toResolvedValue(
    (logger: Logger, { meter }: Metrics) =>
      createDatabase({
        ...APPENDING,
        url: config.databaseUrl,
        name: `${config.serviceName} appends`,
        queryTimeoutMs: config.databaseTimeoutMs,
        planOnce: true,
        logger,
        meter,
      }),
    [tokens.logger, tokens.metrics],
  );
  bindNats(container, config);

  container.bind(tokens.bell).toConstantValue(createBell());
  container
    .bind(tokens.standing)
    .toResolvedValue(
      (nats: Nats, logger: Logger) =>
        createStanding({ connected: () => nats.notReady() === undefined, logger }),
      [tokens.nats, tokens.logger],
    );
  container.bind(tokens.log).toResolvedValue(
    (database: Database, appends: Database, standing: Standing) =>
      createEventLog(database, appends, config.stream, (head, committed) => {
        standing.wentBack(head, committed);
        container.get(tokens.live).wentBack(head);
        container.get(tokens.relay).lookAgain();
      }),
    [tokens.database, tokens.appends, tokens.standing],
  );
  container
    .bind(tokens.checkpoints)
    .toResolvedValue(
      (database: Database) => createCheckpoints(database, config.stream),
      [tokens.database],
    );
  container
    .bind(tokens.live)
    .toResolvedValue((log: EventLog) => createLiveHead(log.head), [tokens.log]);
  container.bind(tokens.commits).toResolvedValue(
    (log: EventLog, bell: Bell, live: LiveHead, logger: Logger) => {
      const committed = (position: bigint) => {
        bell.ring();
        live.advanced(position);
      };
      return createGroupCommit(log, logger, committed, { timeoutMs: config.requestTimeoutMs });
    },
    [tokens.log, tokens.bell, tokens.live, tokens.logger],
  );
  container.bind(tokens.published).toResolvedValue(
    (nats: Nats, { tracer }: Tracing, logger: Logger) =>
      createPublishedStream(
        nats,
        {
          name: config.stream,
          subjects: [`${config.stream}.*`],
          replicas: config.streamReplicas,
        },
        config.maxEventBytes,
        jetstreamProducerTrace(tracer),
        logger,
      ),
    [tokens.nats, tokens.tracing, tokens.logger],
  );
  container
    .bind(tokens.relay)
    .toResolvedValue(
      (
        log: EventLog,
        published: PublishedStream,
        bell: Bell,
        { judged, streamAnswers }: Standing,
        logger: Logger,
      ) => createRelay(log, published, { ...relayDefaults, bell, judged, streamAnswers }, logger),
      [tokens.log, tokens.published, tokens.bell, tokens.standing, tokens.logger],
    );

  container
    .bind(tokens.logCurrency)
    .toResolvedValue(
      (database: Database) => createLogCurrency(database, config.stream),
      [tokens.database],
    );
  container.bind(tokens.letters).toResolvedValue(createDeadLetters, [tokens.database]);
  container.bind(tokens.service).toResolvedValue(
    (
      log: EventLog,
      commits: GroupCommit,
      checkpoints: Checkpoints,
      letters: DeadLetters,
      relay: Relay,
      live: LiveHead,
      standing: Standing,
      currency: LogCurrency,
      { meter }: Metrics,
      logger: Logger,
    ) => {
      const service = createService(
        log,
        commits,
        checkpoints,
        letters,
        relay.published,
        live,
        standing,
        currency,
        config.databasePoolSize,
      );
      const limits = { stream: config.stream, maxDataBytes: config.maxEventBytes };
      const traced = tracingService(checkingService(service, limits));
      return loggingService(instrumentingService(traced, meter, relay), logger);
    },
    [
      tokens.log,
      tokens.commits,
      tokens.checkpoints,
      tokens.letters,
      tokens.relay,
      tokens.live,
      tokens.standing,
      tokens.logCurrency,
      tokens.metrics,
      tokens.logger,
    ],
  );

  container.bind(tokens.endpoints).toResolvedValue(
    (service: EventStore, { tracer }: Tracing, { meter }: Metrics, logger: Logger) =>
      createEndpoints(service, (name) =>
        requestMiddleware({
          tracing: traceEndpoint(tracer, name),
          meter,
          logger,
          name,
          // A reading of the whole log takes as long as the log is.
          timeoutMs: name === 'stream' || name === 'batches' ? undefined : config.requestTimeoutMs,
          okLevel: FREQUENT.includes(name) ? 'debug' : 'info',
        }),
      ),
    [tokens.service, tokens.tracing, tokens.metrics, tokens.logger],
  );

  container.bind(tokens.recovery).toResolvedValue(
    (
      log: EventLog,
      stream: PublishedStream,
      commits: GroupCommit,
      checkpoints: Checkpoints,
      relay: Relay,
      live: LiveHead,
      { tracer }: Tracing,
      { meter }: Metrics,
      logger: Logger,
    ) => {
      const limits = { stream: config.stream, maxDataBytes: config.maxEventBytes };
      const changed = (head: bigint) => {
        live.advanced(head);
        relay.lookAgain();
      };
      const recovery = createLostTail({ log, stream, commits, checkpoints, limits, changed });
      return createRecoveryEndpoints(recovery, (name) =>
        // What they do takes as long as what was lost is long.
        requestMiddleware({
          tracing: traceEndpoint(tracer, name),
          meter,
          logger,
          name,
          timeoutMs: undefined,
        }),
      );
    },
    [
      tokens.log,
      tokens.published,
      tokens.commits,
      tokens.checkpoints,
      tokens.relay,
      tokens.live,
      tokens.tracing,
      tokens.metrics,
      tokens.logger,
    ],
  );

  container
    .bind(tokens.transport)
    .toResolvedValue(
      (endpoints: Endpoints, { tracer }: Tracing) =>
        createGrpcService(endpoints, config.stream, grpcServerTrace(tracer), config.maxEventBytes),
      [tokens.endpoints, tokens.tracing],
    );
  container.bind(tokens.grpc).toResolvedValue(
    (
      service: ReturnType<typeof createGrpcService>,
      recovery: LogRecovery,
      { tracer }: Tracing,
      logger: Logger,
    ) =>
      grpcServer({
        host: config.bindAddress,
        port: config.grpcPort,
        services: [
          service,
          createRecoveryGrpcService(recovery, config.stream, grpcServerTrace(tracer)),
        ],
        protoPath: PROTO,
        logger,
      }),
    [tokens.transport, tokens.recovery, tokens.tracing, tokens.logger],
  );

  container
    .bind(tokens.advisories)
    .toResolvedValue(
      (nats: Nats, endpoints: Endpoints, logger: Logger) =>
        advisoryTransport(nats.connection, config.stream, endpoints.parkExhausted, logger),
      [tokens.nats, tokens.endpoints, tokens.logger],
    );

  const grpc = container.get(tokens.grpc);
  const app = assemble(container, config, [
    container.get(tokens.database),
    container.get(tokens.appends),
    // With the broker away events are accepted as ever, and published when it is back.
    degradedInstead(container.get(tokens.nats)),
    container.get(tokens.standing),
    { name: 'group commit', stop: () => container.get(tokens.commits).drain() },
    degradedInstead(container.get(tokens.relay)),
    container.get(tokens.advisories),
    parkedLetters(container.get(tokens.letters), {
      meter: container.get(tokens.metrics).meter,
      logger: container.get(tokens.logger),
    }),
    grpc,
    container.get(tokens.live),
    { name: 'append streams', stop: async () => container.get(tokens.transport).stopStreams() },
  ]);
  return { ...app, ports: () => ({ grpc: grpc.port(), admin: app.adminPort() }) };
}
