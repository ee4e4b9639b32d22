import { orderEventCodec } from '../../shared/contracts/events.ts';
import type { AgreedCurrency } from '../../shared/eventstore/agreed-currency.ts';
import type { EventStore } from '../../shared/eventstore/event-store.ts';
import type { Logger } from '../../shared/kit/logger.ts';
import type { Metrics } from '../../shared/kit/metrics.ts';
import { batchMiddleware } from '../../shared/kit/middleware/onions.ts';
import { degradedOnceReady } from '../../shared/kit/process/degraded.ts';
import type { Component } from '../../shared/kit/process/lifecycle.ts';
import type { Database } from '../../shared/kit/sql/database.ts';
import type { Nats } from '../../shared/kit/transport/nats/nats-connection.ts';
import { jetstreamConsumerTrace } from '../../zipkin/jetstream.ts';
import type { Tracing } from '../../zipkin/tracer.ts';
import {
  type App,
  assemble,
  bindDatabase,
  bindEventStore,
  bindNats,
  common,
  createServiceContainer,
  token,
} from '../composition.ts';
import type { Config } from './config.ts';
import { type QueryModelEndpoints, queryModelEndpoints } from './endpoints.ts';
import { instrumentingService } from './instrumenting.ts';
import { loggingService } from './logging.ts';
import { createQueryModelService, type QueryModelService } from './service.ts';
import { sqlReadModel } from './table/read-model.ts';
import { jetstreamTransport } from './transport-jetstream.ts';

const tokens = {
  ...common,
  service: token<QueryModelService>('service'),
  endpoints: token<QueryModelEndpoints>('endpoints'),
  transport: token<Component>('transport'),
};

/**
 * Builds the query model worker, inside out. At the core is the service, which folds
 * events into the read model; its own middlewares count events and report the
 * unreadable ones. It becomes an endpoint that takes a batch, wrapped in
 * `batchMiddleware`. Outermost is the stream, read in order from the read model's
 * checkpoint, with a span for each event. The lifecycle starts dependencies first and
 * stops in reverse order: a batch in flight finishes before the connections behind it
 * close.
 */
export function createContainer(config: Config): App {
  const container = createServiceContainer(config);
  bindDatabase(container, config, config.databaseTimeoutMs);
  bindNats(container, config);
  bindEventStore(container, config, config.eventStoreTimeoutMs);

  container.bind(tokens.service).toResolvedValue(
    (database: Database, agreed: AgreedCurrency, { meter }: Metrics, logger: Logger) => {
      const service = createQueryModelService(
        sqlReadModel(database),
        orderEventCodec(config.currency.decimals),
        agreed,
      );
      return loggingService(instrumentingService(service, meter), logger);
    },
    [tokens.database, tokens.currency, tokens.metrics, tokens.logger],
  );

  container
    .bind(tokens.endpoints)
    .toResolvedValue(
      (service: QueryModelService, { meter }: Metrics, logger: Logger) =>
        queryModelEndpoints(service, (name) =>
          batchMiddleware({ meter, logger, name, timeoutMs: config.attemptTimeoutMs }),
        ),
      [tokens.service, tokens.metrics, tokens.logger],
    );

  container.bind(tokens.transport).toResolvedValue(
    (
      endpoints: QueryModelEndpoints,
      service: QueryModelService,
      database: Database,
      nats: Nats,
      log: EventStore,
      { tracer }: Tracing,
      logger: Logger,
      { meter }: Metrics,
    ) =>
      jetstreamTransport(endpoints, {
        connection: nats.connection,
        checkpoint: (ctx) => service.checkpoint(ctx),
        place: sqlReadModel(database).place,
        log,
        hook: jetstreamConsumerTrace(tracer),
        maxBatch: config.maxBatch,
        logger,
        meter,
      }),
    [
      tokens.endpoints,
      tokens.service,
      tokens.database,
      tokens.nats,
      tokens.store,
      tokens.tracing,
      tokens.logger,
      tokens.metrics,
    ],
  );

  return assemble(container, config, [
    container.get(tokens.database),
    degradedOnceReady(container.get(tokens.nats)),
    container.get(tokens.store),
    degradedOnceReady(container.get(tokens.transport)),
  ]);
}
