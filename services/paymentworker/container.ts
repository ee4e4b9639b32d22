import { orderEventCodec } from '../../shared/contracts/events.ts';
import { durables } from '../../shared/contracts/subjects.ts';
import { charging, stripeCharging } from '../../shared/domain/charging.ts';
import type { AgreedCurrency } from '../../shared/eventstore/agreed-currency.ts';
import type { EventStore } from '../../shared/eventstore/event-store.ts';
import type { Handles } from '../../shared/eventstore/worker/handles.ts';
import type { Logger } from '../../shared/kit/logger.ts';
import type { Metrics } from '../../shared/kit/metrics/metrics.ts';
import { workerMiddleware } from '../../shared/kit/middleware/onions.ts';
import { degradedOnceReady } from '../../shared/kit/process/degraded.ts';
import type { Component } from '../../shared/kit/process/lifecycle.ts';
import type { Database } from '../../shared/kit/sql/database.ts';
import { traceEndpoint } from '../../zipkin/endpoint.ts';
import type { Tracing } from '../../zipkin/tracer.ts';
import {
  type App,
  assemble,
  bindDatabase,
  bindEventStore,
  bindNats,
  bindWorker,
  common,
  createServiceContainer,
  token,
} from '../composition.ts';
import type { Config } from './config.ts';
import { paymentEndpoints } from './endpoints.ts';
import { gatheredLedger } from './gateway/gathered-ledger.ts';
import { guardedGateway } from './gateway/guarded-gateway.ts';
import { inAgreedMoney } from './gateway/in-agreed-money.ts';
import { type Ledger, sqlLedger } from './gateway/ledger.ts';
import { needingNoGateway } from './gateway/needing-no-gateway.ts';
import type { PaymentGateway } from './gateway/payment-gateway.ts';
import { simulatedGateway } from './gateway/simulated-gateway.ts';
import { stripeGateway } from './gateway/stripe-gateway.ts';
import { stripeIntents } from './gateway/stripe-intents.ts';
import { instrumentingService } from './instrumenting.ts';
import { loggingService } from './logging.ts';
import { createPaymentService, type PaymentService } from './service.ts';

const tokens = {
  ...common,
  gateway: token<PaymentGateway & Component>('payment gateway'),
  service: token<PaymentService>('service'),
  endpoints: token<Handles>('endpoints'),
};

/**
 * A gateway that is away is left alone for a second at a time. One order that cannot be
 * paid fails three times per delivery, with six deliveries before its deadline: too few
 * to open the circuit by itself. In an outage the orders in flight reach the threshold
 * in one round.
 */
const BREAKER = { threshold: 20, halfOpenAfterMs: 1_000 };

/**
 * Builds the payment worker, inside out. At the core is the service, which knows the
 * gateway (the chosen one behind its circuits, for orders that need one) and the log,
 * but no queue; its own middlewares count and log what matters to the business. It
 * becomes an endpoint, wrapped in the middlewares of every worker: tracing, metrics,
 * logging, dead letters, a short retry and a timeout. Outermost is the durable consumer,
 * which acknowledges. The lifecycle starts dependencies first and stops in reverse
 * order: work in flight finishes before the connections behind it close.
 */
export function createContainer(config: Config): App {
  const codec = orderEventCodec(config.currency.decimals);
  const container = createServiceContainer(config);
  bindDatabase(container, config, config.databaseTimeoutMs);
  bindNats(container, config);
  bindEventStore(container, config, config.eventStoreTimeoutMs);

  container.bind(tokens.gateway).toResolvedValue(
    (database: Database, agreed: AgreedCurrency, { meter }: Metrics) => {
      const timeoutMs = config.databaseTimeoutMs;
      const ledger = gatheredLedger(sqlLedger(database), database, { timeoutMs, meter });
      const guarded = guardedGateway(chosenGateway(config, ledger), BREAKER);
      const gateway = needingNoGateway(guarded, ledger, charging(config.currency));
      return { ...guarded, ...inAgreedMoney(gateway, agreed) };
    },
    [tokens.database, tokens.currency, tokens.metrics],
  );

  container.bind(tokens.service).toResolvedValue(
    (store: EventStore, gateway: PaymentGateway, { meter }: Metrics, logger: Logger) => {
      const service = createPaymentService(store, gateway, codec);
      return loggingService(instrumentingService(service, meter), logger);
    },
    [tokens.store, tokens.gateway, tokens.metrics, tokens.logger],
  );

  container.bind(tokens.endpoints).toResolvedValue(
    (
      service: PaymentService,
      store: EventStore,
      { tracer }: Tracing,
      { meter }: Metrics,
      logger: Logger,
    ) =>
      paymentEndpoints(service, codec, (name) =>
        workerMiddleware({
          tracing: traceEndpoint(tracer, name),
          meter,
          logger,
          name,
          consumer: durables.payment,
          park: (ctx, letter) => store.park(ctx, letter),
          // The order's deadline ends a debit that cannot be made; a void that is given up
          // has no such fallback.
          insist: name === 'void_payment',
          timeoutMs: config.attemptTimeoutMs,
        }),
      ),
    [tokens.service, tokens.store, tokens.tracing, tokens.metrics, tokens.logger],
  );

  // Orders and voids share a durable, so that an order's void normally comes after its
  // debit. When it does not (another instance, a redelivery), the gateway keeps them in
  // order.
  bindWorker(container, config, durables.payment, tokens.endpoints);

  return assemble(container, config, [
    container.get(tokens.database),
    degradedOnceReady(container.get(tokens.nats)),
    container.get(tokens.store),
    container.get(tokens.gateway),
    degradedOnceReady(container.get(tokens.worker)),
  ]);
}

function chosenGateway({ stripe, simulation, currency }: Config, ledger: Ledger): PaymentGateway {
  if (stripe === undefined) return simulatedGateway(ledger, simulation);
  const inStripe = stripeCharging(currency);
  // The configuration should have refused this; using another gateway would be worse than stopping.
  if (inStripe === undefined) throw new Error(`Stripe does not charge ${currency.code}.`);
  return stripeGateway(stripeIntents({ ...stripe, charging: inStripe }), ledger);
}
