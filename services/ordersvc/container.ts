import { orderEventCodec } from '../../shared/contracts/events.ts';
import { orderIdFor, secretOrderIdFor } from '../../shared/contracts/order-id.ts';
import { PROBLEM_TYPES } from '../../shared/contracts/subjects.ts';
import type { EventStore } from '../../shared/eventstore/event-store.ts';
import { isStandstill } from '../../shared/eventstore/log-recovery.ts';
import { isMachineryFailure } from '../../shared/kit/errors.ts';
import type { Logger } from '../../shared/kit/logger.ts';
import type { Metrics } from '../../shared/kit/metrics/metrics.ts';
import { authorize } from '../../shared/kit/middleware/authorize.ts';
import { requestMiddleware } from '../../shared/kit/middleware/onions.ts';
import type { Component } from '../../shared/kit/process/lifecycle.ts';
import type { Runnable } from '../../shared/kit/process/run-service.ts';
import { createDatabase, type Database } from '../../shared/kit/sql/database.ts';
import { configuredWhoCalls } from '../../shared/kit/transport/http/callers/auth-settings.ts';
import { httpServer } from '../../shared/kit/transport/http/http-server.ts';
import { peopleOf } from '../../shared/personal-data/key-table.ts';
import { rememberedPeople } from '../../shared/personal-data/remembered-people.ts';
import { sqlKeyTable } from '../../shared/personal-data/sql-key-table.ts';
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
import { type Admission, createAdmission, openAdmission } from './admission/admission.ts';
import type { Config } from './config.ts';
import { type OrderEndpoints, orderEndpoints } from './endpoints.ts';
import { instrumentingService } from './instrumenting.ts';
import { loggingService } from './logging.ts';
import { type OrderRules, orderRules } from './order-rules.ts';
import { type OrderTexts, plainTexts } from './personal/order-texts.ts';
import { sealedTexts } from './personal/sealed-texts.ts';
import { rememberedParties } from './rights/parties.ts';
import { createOrderService, type OrderService } from './service.ts';
import { orderRoutes } from './transport-http.ts';
import { type Backlogs, measuringBacklog } from './views/backlog.ts';
import { type OrderStages, type ReadModel, sqlReadModel } from './views/order-rows.ts';
import { createRecentWrites } from './views/recent-writes.ts';

/** The service, as main runs it and tests inspect it. */
export interface App extends Runnable {
  /** Ports in use, once started. With port 0 the system chose them. */
  ports(): { readonly http: number; readonly admin: number };
}

/** Of requests that are refused before they have a route, this share has spans. */
const REFUSAL_SHARE = 0.01;

/** Requests that come hundreds of times a second: the log has each order, and a line for each would drown the rest. */
const FREQUENT = ['place_order', 'get_order'];

const tokens = {
  ...common,
  readModel: token<ReadModel & OrderStages & Backlogs>('read model'),
  core: token<OrderService>('core'),
  keys: token<Database>('personal keys'),
  texts: token<OrderTexts>('texts'),
  service: token<OrderService>('service'),
  rules: token<OrderRules>('rules'),
  admission: token<Admission & Component>('admission'),
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

/** Of a caller that does not wait as it is told, each further refusal of a second is answered at its end. */
const HOLD = { after: 10, atMostMs: 1_000, most: 1_000 };

/** How orders with an Idempotency-Key are named, and were. */
const orderIds = ({ idempotencyKey, earlierOrderIds }: Config) =>
  idempotencyKey && {
    orderIdFor: secretOrderIdFor(() => idempotencyKey.reveal()),
    earlierOrderIdFor: earlierOrderIds ? orderIdFor : undefined,
  };

/** Keys are asked for in groups, one at a time for names and one for pseudonyms. */
const KEY_CONNECTIONS = 4;

/** Customers whose keys are remembered, each with less than a kilobyte. */
const MOST_REMEMBERED = 20_000;

/**
 * Builds ordersvc, inside out. At the core is the service, which knows the event store
 * and the read model but no transport; its own middlewares count and log what matters
 * to the business. Each method becomes an endpoint, wrapped in the middlewares of every
 * request: tracing, metrics, logging, a rate limit, a timeout, the authorization and a circuit
 * breaker. Outermost is HTTP, which asks who calls, and the admission before it reads a new
 * order, decodes, calls one endpoint and encodes. The lifecycle
 * starts dependencies first and stops in reverse order: requests in flight are
 * answered before the connections behind them close.
 */
export function createContainer(config: Config): App {
  const container = createServiceContainer(config);
  // Less than the request's limit, which leaves time to report what failed.
  const behindMs = config.requestTimeoutMs * 0.8;
  bindDatabase(container, config, behindMs);
  bindEventStore(container, config, config.placeTimeoutMs * 0.9);

  container
    .bind(tokens.readModel)
    .toResolvedValue(
      (database: Database) => sqlReadModel(database, config.patience),
      [tokens.database],
    );

  const sealed = config.personal.data === 'sealed';
  container.bind(tokens.keys).toResolvedValue(
    (logger: Logger, { meter }: Metrics) =>
      createDatabase({
        url: config.personal.databaseUrl,
        name: `${config.serviceName} keys`,
        poolSize: KEY_CONNECTIONS,
        queryTimeoutMs: behindMs,
        logger,
        meter,
      }),
    [tokens.logger, tokens.metrics],
  );
  container.bind(tokens.texts).toResolvedValue(
    () =>
      sealed
        ? sealedTexts(
            rememberedPeople(peopleOf(sqlKeyTable(container.get(tokens.keys))), {
              forMs: config.personal.rememberedMs,
              most: MOST_REMEMBERED,
              timeoutMs: behindMs,
            }),
          )
        : plainTexts,
    [],
  );

  container.bind(tokens.core).toResolvedValue(
    (store: EventStore & Component, readModel: ReadModel, texts: OrderTexts) =>
      createOrderService({
        store,
        storeAway: () => store.notReady?.() !== undefined,
        readModel,
        recent: createRecentWrites(),
        codec: orderEventCodec(config.currency.decimals),
        texts,
        patienceMs: config.requestTimeoutMs / 3,
        awayMs: behindMs,
        ...orderIds(config),
      }),
    [tokens.store, tokens.readModel, tokens.texts],
  );

  container
    .bind(tokens.service)
    .toResolvedValue(
      (core: OrderService, { meter }: Metrics, logger: Logger) =>
        loggingService(instrumentingService(core, meter), logger, { texts: !sealed }),
      [tokens.core, tokens.metrics, tokens.logger],
    );

  // The rules look up whose an order is behind what counts and logs people's requests.
  container
    .bind(tokens.rules)
    .toResolvedValue(
      (core: OrderService) =>
        orderRules(
          rememberedParties(
            async (ctx, orderId) => (await core.get(ctx, { orderId })).order.details,
          ),
        ),
      [tokens.core],
    );

  container.bind(tokens.endpoints).toResolvedValue(
    (
      service: OrderService,
      rules: OrderRules,
      { tracer }: Tracing,
      { meter }: Metrics,
      logger: Logger,
    ) =>
      orderEndpoints(service, (name, method) =>
        requestMiddleware({
          tracing: traceEndpoint(tracer, name),
          meter,
          logger,
          name,
          timeoutMs: name === 'place_order' ? config.placeTimeoutMs : config.requestTimeoutMs,
          fairShare: {},
          authorize: authorize(rules[method]),
          breaker: BREAKER,
          okLevel: FREQUENT.includes(name) ? 'debug' : 'info',
          ...(config.rateLimitPerSecond > 0 && {
            rateLimit: { points: config.rateLimitPerSecond, perMs: 1_000, hold: HOLD },
          }),
        }),
      ),
    [tokens.service, tokens.rules, tokens.tracing, tokens.metrics, tokens.logger],
  );

  container
    .bind(tokens.admission)
    .toResolvedValue(
      (store: EventStore, readModel: OrderStages, { meter }: Metrics, logger: Logger) =>
        config.admission.goalMs === 0
          ? { ...openAdmission, name: 'admission' }
          : createAdmission({ ...config.admission, store, readModel, meter, logger }),
      [tokens.store, tokens.readModel, tokens.metrics, tokens.logger],
    );

  container.bind(tokens.http).toResolvedValue(
    (
      endpoints: OrderEndpoints,
      admission: Admission,
      { tracer }: Tracing,
      { meter }: Metrics,
      logger: Logger,
    ) =>
      httpServer({
        host: config.bindAddress,
        port: config.httpPort,
        routes: orderRoutes(endpoints, config.currency, admission),
        hook: httpServerTrace(tracer, {
          tagOfParam: { id: 'order.id' },
          trusted: config.trustTraceparent,
          refusalShare: REFUSAL_SHARE,
        }),
        whoCalls: configuredWhoCalls({ ...config.auth, mode: config.mode }, logger),
        problemTypes: PROBLEM_TYPES,
        bodyLimitBytes: config.bodyLimitBytes,
        meter,
        logger,
      }),
    [tokens.endpoints, tokens.admission, tokens.tracing, tokens.metrics, tokens.logger],
  );

  const http = container.get(tokens.http);
  const app = assemble(container, config, [
    container.get(tokens.database),
    ...(sealed ? [container.get(tokens.keys)] : []),
    container.get(tokens.store),
    container.get(tokens.admission),
    measuringBacklog({
      readModel: container.get(tokens.readModel),
      store: container.get(tokens.store),
      meter: container.get(tokens.metrics).meter,
      logger: container.get(tokens.logger),
    }),
    http,
  ]);
  return { ...app, ports: () => ({ http: http.port(), admin: app.adminPort() }) };
}
