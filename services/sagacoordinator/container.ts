import { orderEventCodec } from '../../shared/contracts/events.ts';
import { durables, ORDERS_STREAM } from '../../shared/contracts/subjects.ts';
import type { EventStore } from '../../shared/eventstore/event-store.ts';
import type { Logger } from '../../shared/kit/logger.ts';
import type { Metrics } from '../../shared/kit/metrics/metrics.ts';
import {
  batchMiddleware,
  deadlineMiddleware,
  workerMiddleware,
} from '../../shared/kit/middleware/onions.ts';
import { degradedOnceReady } from '../../shared/kit/process/degraded.ts';
import type { Component } from '../../shared/kit/process/lifecycle.ts';
import type { Database } from '../../shared/kit/sql/database.ts';
import { jetstreamAnswers } from '../../shared/kit/transport/jetstream/answering.ts';
import type { Nats } from '../../shared/kit/transport/nats/nats-connection.ts';
import {
  type Deadlines,
  sqlDeadlines,
  type UpcomingDeadline,
} from '../../shared/process-manager/deadlines.ts';
import { gatheredWrites } from '../../shared/process-manager/gathered-writes.ts';
import { groupedWrites } from '../../shared/process-manager/grouped-writes.ts';
import { processClock } from '../../shared/process-manager/process-clock.ts';
import { traceEndpoint } from '../../zipkin/endpoint.ts';
import { continueTrace } from '../../zipkin/propagation.ts';
import type { Tracing } from '../../zipkin/tracer.ts';
import {
  type App,
  assemble,
  bindDatabase,
  bindEventStore,
  bindNats,
  common,
  createServiceContainer,
  followerOf,
  token,
} from '../composition.ts';
import { lastAudit } from './audit-result.ts';
import type { Config } from './config.ts';
import { type SagaEndpoints, sagaEndpoints } from './endpoints.ts';
import { instrumentingService } from './instrumenting.ts';
import { loggingService } from './logging.ts';
import { deadlinesPage } from './saga/deadlines-page.ts';
import { ORDER_ID } from './saga/order-deadlines.ts';
import { orderProcess } from './saga/order-process.ts';
import type { DeadlineKind } from './saga/saga.ts';
import { createSagaService, type SagaService } from './service.ts';
import { waitingDeadlines } from './waiting-deadlines.ts';

type Due = UpcomingDeadline<DeadlineKind>;

const tokens = {
  ...common,
  deadlines: token<Deadlines<DeadlineKind>>('deadlines'),
  service: token<SagaService>('service'),
  endpoints: token<SagaEndpoints>('endpoints'),
  clock: token<Component>('deadline transport'),
};

/**
 * Builds the saga coordinator, inside out. At the core is the service, which knows the
 * log, the saga and the table of deadlines, but no transports or clocks; its own middlewares
 * count and log what matters to the business. It becomes three endpoints: one for events,
 * wrapped in the middlewares of every worker, one for the usual events of a batch, and one
 * for deadlines. Outermost are two transports: the follower, which reads the log and keeps
 * the checkpoint, and the clock, which looks for what is due. The lifecycle starts
 * dependencies first and stops in reverse order: work in flight finishes before the
 * connections behind it close.
 */
export function createContainer(config: Config): App {
  const codec = orderEventCodec(config.currency.decimals);
  const container = createServiceContainer(config);
  bindDatabase(container, config, config.databaseTimeoutMs);
  bindNats(container, config);
  bindEventStore(container, config, config.eventStoreTimeoutMs);

  container
    .bind(tokens.deadlines)
    .toResolvedValue(
      (database: Database) => sqlDeadlines<DeadlineKind>(database, { idColumn: ORDER_ID }),
      [tokens.database],
    );

  container.bind(tokens.service).toResolvedValue(
    (store: EventStore, deadlines: Deadlines<DeadlineKind>, { meter }: Metrics, logger: Logger) => {
      const writes = gatheredWrites(groupedWrites(deadlines), config.gatherMs);
      const service = createSagaService(store, writes, config.times, codec);
      return loggingService(instrumentingService(service, meter), logger);
    },
    [tokens.store, tokens.deadlines, tokens.metrics, tokens.logger],
  );

  container.bind(tokens.endpoints).toResolvedValue(
    (
      service: SagaService,
      store: EventStore,
      { tracer }: Tracing,
      { meter }: Metrics,
      logger: Logger,
    ) =>
      sagaEndpoints(service, codec, {
        event: (name) =>
          workerMiddleware({
            tracing: traceEndpoint(tracer, name),
            meter,
            logger,
            name,
            consumer: durables.saga,
            park: (ctx, letter) => store.park(ctx, letter),
            // Nobody else watches over the order after this, so it must not give up.
            insist: true,
            timeoutMs: config.attemptTimeoutMs,
          }),
        batch: (name) =>
          batchMiddleware({ meter, logger, name, timeoutMs: config.attemptTimeoutMs }),
        deadline: (name) =>
          deadlineMiddleware({
            tracing: traceEndpoint(tracer, name, ({ aggregateId, kind }: Due) => ({
              'order.id': aggregateId,
              'deadline.kind': kind,
            })),
            meter,
            logger,
            name,
            timeoutMs: config.attemptTimeoutMs,
          }),
      }),
    [tokens.service, tokens.store, tokens.tracing, tokens.metrics, tokens.logger],
  );

  container
    .bind(tokens.worker)
    .toResolvedValue(
      (endpoints: SagaEndpoints) => followerOf(container, config, durables.saga, endpoints),
      [tokens.endpoints],
    );

  container.bind(tokens.clock).toResolvedValue(
    (
      endpoints: SagaEndpoints,
      deadlines: Deadlines<DeadlineKind>,
      nats: Nats,
      store: EventStore,
      logger: Logger,
    ) =>
      processClock(orderProcess(config.times, codec), endpoints.deadlineDue, {
        deadlines,
        store,
        consumer: durables.saga,
        broker: async (consumers) =>
          jetstreamAnswers(await nats.connection(), ORDERS_STREAM, consumers),
        continued: continueTrace,
        maxFiring: config.maxFiring,
        pollMs: config.pollMs,
        logger,
        idField: ORDER_ID,
      }),
    [tokens.endpoints, tokens.deadlines, tokens.nats, tokens.store, tokens.logger],
  );

  const adminPages = { '/deadlines': deadlinesPage(container.get(tokens.deadlines)) };
  const looks = {
    meter: container.get(tokens.metrics).meter,
    logger: container.get(tokens.logger),
  };
  const components = [
    container.get(tokens.database),
    degradedOnceReady(container.get(tokens.nats)),
    container.get(tokens.store),
    degradedOnceReady(container.get(tokens.worker)),
    degradedOnceReady(container.get(tokens.clock)),
    waitingDeadlines(container.get(tokens.database), looks),
    lastAudit(container.get(tokens.database), looks),
  ];
  return assemble(container, config, components, { adminPages });
}
