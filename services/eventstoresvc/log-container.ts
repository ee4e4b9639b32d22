import { Container } from 'inversify';
import type { ServedEventStore } from '../../shared/eventstore/event-store.ts';
import type { LogRecovery } from '../../shared/eventstore/log-recovery.ts';
import type { Logger } from '../../shared/kit/logger.ts';
import type { Metrics } from '../../shared/kit/metrics/metrics.ts';
import { requestMiddleware } from '../../shared/kit/middleware/onions.ts';
import { degradedInstead } from '../../shared/kit/process/degraded.ts';
import type { Component } from '../../shared/kit/process/lifecycle.ts';
import { createDatabase, type Database } from '../../shared/kit/sql/database.ts';
import type { GrpcService } from '../../shared/kit/transport/grpc/grpc-server.ts';
import type { Nats } from '../../shared/kit/transport/nats/nats-connection.ts';
import { traceEndpoint } from '../../zipkin/endpoint.ts';
import { grpcServerTrace } from '../../zipkin/grpc.ts';
import { jetstreamProducerTrace } from '../../zipkin/jetstream.ts';
import type { Tracing } from '../../zipkin/tracer.ts';
import { common, token } from '../composition.ts';
import { checkingService } from './checking.ts';
import type { Config } from './config.ts';
import { measuringLags } from './consumers/consumer-lag.ts';
import { type Checkpoints, createCheckpoints } from './consumers/sql-checkpoints.ts';
import { createDeadLetters, type DeadLetters } from './consumers/sql-letters.ts';
import { advisoryTransport } from './consumers/transport-advisory.ts';
import { createEndpoints, type Endpoints } from './endpoints.ts';
import { createRecoveryGrpcService } from './grpc/recovery-service.ts';
import { instrumentingService } from './instrumenting.ts';
import { createGroupCommit, type GroupCommit } from './log/group-commit.ts';
import { createLiveHead, type LiveHead } from './log/live-head.ts';
import { createLogCurrency, type LogCurrency } from './log/log-currency.ts';
import { logHead } from './log/log-head.ts';
import { APPENDING } from './log/sql-append.ts';
import { createEventLog, type EventLog } from './log/sql-log.ts';
import { createTail, type Tail } from './log/tail.ts';
import { loggingService } from './logging.ts';
import { createLostTail } from './recovery/lost-tail.ts';
import { createRecoveryEndpoints } from './recovery/recovery-endpoints.ts';
import { type Bell, createBell } from './relay/bell.ts';
import { createStanding, type Standing } from './relay/log-standing.ts';
import { createPublishedStream, type PublishedStream } from './relay/published-stream.ts';
import { createRelay, type Relay, relayDefaults } from './relay/relay.ts';
import { authorizingRecovery, authorizingService } from './rights/authorizing.ts';
import type { RightsTable } from './rights/table.ts';
import { createService, type Readers } from './service.ts';
import { tracingService } from './tracing.ts';
import { createGrpcService } from './transport-grpc.ts';

/** Calls that come thousands of times a second: a log line for each success would drown the rest. */
const FREQUENT = [
  'append',
  'read',
  'read aggregates',
  'head',
  'save checkpoint',
  'get checkpoint',
  'take replays',
];

/** Bindings that the logs of all streams share. */
export const shared = {
  ...common,
  readers: token<Readers>('readers'),
  rights: token<RightsTable>('rights'),
};

const tokens = {
  ...shared,
  appends: token<Database>('appends'),
  letters: token<DeadLetters>('dead letters'),
  bell: token<Bell>('bell'),
  live: token<LiveHead>('live head'),
  log: token<EventLog>('log'),
  tail: token<Tail>('tail'),
  commits: token<GroupCommit>('commits'),
  standing: token<Standing>('standing'),
  logCurrency: token<LogCurrency>('currency of the log'),
  published: token<PublishedStream>('published stream'),
  relay: token<Relay>('relay'),
  checkpoints: token<Checkpoints>('checkpoints'),
  recovery: token<LogRecovery>('recovery'),
  service: token<ServedEventStore>('service'),
  endpoints: token<Endpoints>('endpoints'),
  transport: token<ReturnType<typeof createGrpcService>>('transport'),
  advisories: token<Component>('advisories'),
};

/** What one stream's log contributes to the process. */
export interface LogParts {
  /** The connection for this log's appends only. */
  readonly appends: Component;
  readonly letters: DeadLetters;
  readonly eventStore: GrpcService;
  readonly recovery: GrpcService;
  /** In starting order: `beneath` is what the gRPC server depends on; `above` stops before the server does. */
  readonly beneath: readonly Component[];
  readonly above: readonly Component[];
}

/**
 * Builds the log of one stream, on the connections that `parent` shares. With several
 * streams in the process, metrics and components carry the stream's name.
 */
export function createLogContainer(parent: Container, config: Config, stream: string): LogParts {
  const container = new Container({ parent, defaultScope: 'Singleton' });
  const alone = config.streams.length === 1;
  const named = (component: Component): Component =>
    alone ? component : { ...component, name: `${component.name} of ${stream}` };

  container.bind(tokens.bell).toConstantValue(createBell());
  container
    .bind(tokens.standing)
    .toResolvedValue(
      (nats: Nats, logger: Logger) =>
        createStanding({ connected: () => nats.notReady() === undefined, logger }),
      [tokens.nats, tokens.logger],
    );
  // Its own connection: behind another stream's append, this one would wait for that head's lock.
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
  container.bind(tokens.tail).toConstantValue(createTail());
  container.bind(tokens.log).toResolvedValue(
    (database: Database, appends: Database, standing: Standing, tail: Tail) => {
      const wentBack = (head: bigint, committed: bigint) => {
        standing.wentBack(head, committed);
        container.get(tokens.live).wentBack(head);
        container.get(tokens.relay).lookAgain();
      };
      return createEventLog(database, appends, stream, wentBack, tail);
    },
    [tokens.database, tokens.appends, tokens.standing, tokens.tail],
  );
  container
    .bind(tokens.checkpoints)
    .toResolvedValue(
      (database: Database) => createCheckpoints(database, stream),
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
          name: stream,
          subjects: [`${stream}.*`],
          replicas: config.streamReplicas,
        },
        config.maxEventBytes,
        jetstreamProducerTrace(tracer),
        logger,
      ),
    [tokens.nats, tokens.tracing, tokens.logger],
  );
  container.bind(tokens.relay).toResolvedValue(
    (
      log: EventLog,
      published: PublishedStream,
      bell: Bell,
      { judged, streamAnswers }: Standing,
      recent: Tail,
      logger: Logger,
    ) => {
      const options = { ...relayDefaults, bell, judged, streamAnswers, recent };
      return createRelay(log, published, options, logger);
    },
    [tokens.log, tokens.published, tokens.bell, tokens.standing, tokens.tail, tokens.logger],
  );

  container
    .bind(tokens.logCurrency)
    .toResolvedValue(
      (database: Database) => createLogCurrency(database, stream),
      [tokens.database],
    );
  container
    .bind(tokens.letters)
    .toResolvedValue(
      (database: Database) => createDeadLetters(database, stream),
      [tokens.database],
    );
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
      readers: Readers,
      tail: Tail,
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
        readers,
        tail,
      );
      const limits = { stream, maxDataBytes: config.maxEventBytes };
      const checked = checkingService(service, limits);
      const traced = tracingService(authorizingService(checked, container.get(tokens.rights)));
      const progress = {
        ...relay,
        refusing: () => standing.degraded() !== undefined,
        stuck: () => relay.notReady?.() !== undefined,
      };
      const counted = instrumentingService(traced, meter, progress, alone ? undefined : stream);
      return loggingService(counted, logger);
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
      tokens.readers,
      tokens.tail,
      tokens.metrics,
      tokens.logger,
    ],
  );

  container.bind(tokens.endpoints).toResolvedValue(
    (service: ServedEventStore, { tracer }: Tracing, { meter }: Metrics, logger: Logger) =>
      createEndpoints(service, (name) =>
        requestMiddleware({
          tracing: traceEndpoint(tracer, name),
          meter,
          logger,
          name,
          // Reading the whole log has no time limit.
          timeoutMs: name === 'stream' || name === 'batches' ? undefined : config.requestTimeoutMs,
          okLevel: FREQUENT.includes(name) ? 'debug' : 'info',
        }),
      ),
    [tokens.service, tokens.tracing, tokens.metrics, tokens.logger],
  );

  container.bind(tokens.recovery).toResolvedValue(
    (
      log: EventLog,
      published: PublishedStream,
      commits: GroupCommit,
      checkpoints: Checkpoints,
      relay: Relay,
      live: LiveHead,
      { tracer }: Tracing,
      { meter }: Metrics,
      logger: Logger,
    ) => {
      const limits = { stream, maxDataBytes: config.maxEventBytes };
      const changed = (head: bigint) => {
        live.advanced(head);
        relay.lookAgain();
      };
      const recovery = createLostTail({
        log,
        stream: published,
        commits,
        checkpoints,
        limits,
        changed,
      });
      const permitted = authorizingRecovery(recovery, container.get(tokens.rights));
      return createRecoveryEndpoints(permitted, (name) =>
        // No time limit: recovery takes as long as the lost tail is long.
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
        createGrpcService(endpoints, stream, grpcServerTrace(tracer), config.maxEventBytes),
      [tokens.endpoints, tokens.tracing],
    );
  container
    .bind(tokens.advisories)
    .toResolvedValue(
      (nats: Nats, endpoints: Endpoints, logger: Logger) =>
        advisoryTransport(nats.connection, stream, endpoints.parkExhausted, logger),
      [tokens.nats, tokens.endpoints, tokens.logger],
    );

  const hook = grpcServerTrace(container.get(tokens.tracing).tracer);
  const logger = container.get(tokens.logger);
  const transport = container.get(tokens.transport);
  return {
    appends: named(container.get(tokens.appends)),
    letters: container.get(tokens.letters),
    eventStore: transport,
    recovery: createRecoveryGrpcService(container.get(tokens.recovery), stream, hook),
    beneath: [
      logHead(container.get(tokens.database), stream, logger),
      container.get(tokens.standing),
      { name: 'group commit', stop: () => container.get(tokens.commits).drain() },
      degradedInstead(container.get(tokens.relay)),
      container.get(tokens.advisories),
      measuringLags(container.get(tokens.database), stream, {
        meter: container.get(tokens.metrics).meter,
        logger,
      }),
    ].map(named),
    above: [
      container.get(tokens.live),
      { name: 'append streams', stop: async () => transport.stopStreams() },
    ].map(named),
  };
}
