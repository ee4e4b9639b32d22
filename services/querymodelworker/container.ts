import { orderEventCodec } from '../../shared/contracts/events.ts';
import { READ_MODEL } from '../../shared/contracts/subjects.ts';
import type { AgreedCurrency } from '../../shared/eventstore/agreed-currency.ts';
import type { EventStore } from '../../shared/eventstore/event-store.ts';
import { background, withTimeLeft } from '../../shared/kit/context.ts';
import type { Logger } from '../../shared/kit/logger.ts';
import type { Metrics } from '../../shared/kit/metrics/metrics.ts';
import { batchMiddleware } from '../../shared/kit/middleware/onions.ts';
import { degradedOnceReady } from '../../shared/kit/process/degraded.ts';
import type { Component } from '../../shared/kit/process/lifecycle.ts';
import type { Database } from '../../shared/kit/sql/database.ts';
import { loggedEventTrace } from '../../zipkin/logged-event.ts';
import type { Tracing } from '../../zipkin/tracer.ts';
import {
  type App,
  assemble,
  bindDatabase,
  bindEventStore,
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
import { logTransport } from './transport-log.ts';

const tokens = {
  ...common,
  service: token<QueryModelService>('service'),
  endpoints: token<QueryModelEndpoints>('endpoints'),
  transport: token<Component>('transport'),
};

/** For the answer of `/progress`. */
const PROGRESS_MS = 2_000;

/**
 * Builds the query model worker, inside out. At the core is the service, which folds
 * events into the read model; its own middlewares count events and report the
 * unreadable ones. It becomes an endpoint that takes a batch, wrapped in
 * `batchMiddleware`. Outermost is the log, followed from the read model's checkpoint, with
 * a span for each event that is sampled. The lifecycle starts dependencies first and
 * stops in reverse order: a batch in flight finishes before the connections behind it
 * close.
 */
export function createContainer(config: Config): App {
  const container = createServiceContainer(config);
  bindDatabase(container, config, config.databaseTimeoutMs);
  bindEventStore(container, { ...config, readsOnly: true }, config.eventStoreTimeoutMs);

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
      log: EventStore,
      { tracer }: Tracing,
      logger: Logger,
    ) =>
      logTransport(endpoints, {
        checkpoint: (ctx) => service.checkpoint(ctx),
        place: sqlReadModel(database).place,
        log,
        hook: loggedEventTrace(tracer, READ_MODEL),
        maxBatch: config.maxBatch,
        gatherMs: config.gatherMs,
        logger,
      }),
    [
      tokens.endpoints,
      tokens.service,
      tokens.database,
      tokens.store,
      tokens.tracing,
      tokens.logger,
    ],
  );

  const service = container.get(tokens.service);
  const adminPages = {
    // How far the read model is, which no checkpoint beside the log tells.
    '/progress': async () => ({
      consumer: READ_MODEL,
      position: Number(await service.checkpoint(withTimeLeft(background(), PROGRESS_MS))),
    }),
  };
  const components = [
    container.get(tokens.database),
    container.get(tokens.store),
    degradedOnceReady(container.get(tokens.transport)),
  ];
  return assemble(container, config, components, { adminPages });
}
