import { z } from 'zod';
import { modeOf } from '../../shared/kit/process/address/mode.ts';
import {
  loadConfig,
  requiredInStrict,
  serviceConfig,
  serviceSettings,
  setting,
} from '../../shared/kit/process/config.ts';
import { authConfig, authSettings } from '../../shared/kit/transport/http/callers/auth-settings.ts';
import {
  personalDataIn,
  personalDataSetting,
} from '../../shared/personal-data/personal-setting.ts';

/** Settings of ordersvc, read from the environment. Durations are in milliseconds. */
export type Config = ReturnType<typeof readConfig>;

/** What it reads from the environment: the stack tells it these variables and no others. */
export const schema = z.object({
  ...serviceSettings({ serviceName: 'ordersvc', adminPort: 9101 }),
  ...authSettings(),
  HTTP_PORT: setting.port(3000),
  EVENTSTORE_ADDRESS: setting.text('127.0.0.1:50051'),
  ORDERS_DATABASE_URL: setting.databaseUrl('postgres://ordersvc@127.0.0.1:26257/ordersdb'),
  /** How texts about customers are stored; default: sealed, but in plain on loopback. */
  PERSONAL_DATA: personalDataSetting(),
  /** Where the customers' keys are; not used while texts are stored in plain. */
  PERSONAL_DATABASE_URL: setting.databaseUrl('postgres://ordersvc@127.0.0.1:26257/personaldb'),
  /** So long after an erasure its texts may still be read. */
  PERSONAL_DATA_REMEMBERED_MS: setting.milliseconds(10_000, { min: 1 }),
  DATABASE_POOL_SIZE: setting.integer(10, { min: 1, max: 1_000 }),
  CURRENCY: setting.currency('USD'),
  /** From a request's last byte to its answer. */
  REQUEST_TIMEOUT_MS: setting.milliseconds(5_000, { min: 100 }),
  /**
   * The same for an order. Longer, because one that is given up while the event store works
   * on it comes again, and is done twice; the event store's absence ends it sooner.
   */
  PLACE_TIMEOUT_MS: setting.milliseconds(12_000, { min: 100 }),
  /** Requests a second of each caller for each endpoint; 0: no limit. */
  RATE_LIMIT_PER_SECOND: setting.integer(0),
  /** Whether a caller's `traceparent` (or `b3` headers) is continued and its flag heeded; `auto`: on loopback only. */
  TRUST_TRACEPARENT: setting.choice('auto', ['auto', 'true', 'false']),
  /** In which time an accepted order should finish. While orders take longer, new ones are refused; 0: never. */
  JOURNEY_GOAL_MS: setting.milliseconds(2_000, { min: 0 }),
  /** So many orders may be unfinished at once, so long as none waits too long: room for a burst. */
  UNFINISHED_ORDERS_START: setting.integer(1_000, { min: 1, max: 100_000 }),
  /** And so many in any case, so that a standstill refuses nobody who orders now and then. */
  UNFINISHED_ORDERS_LEAST: setting.integer(100, { min: 1, max: 100_000 }),
  /** Orders that wait longer for their payment, or then for their review, are overdue: as the coordinator has it. */
  PAYMENT_DEADLINE_MS: setting.milliseconds(60_000, { min: 1 }),
  REVIEW_DEADLINE_MS: setting.milliseconds(60_000, { min: 1 }),
  /** Makes the ids of orders that are placed with an Idempotency-Key, so that nobody can compute them. It must never change. */
  IDEMPOTENCY_KEY: requiredInStrict(setting.secret()),
  /** Whether there may be orders whose ids were made without it: false saves a read for each order with an Idempotency-Key. */
  EARLIER_ORDER_IDS: setting.flag(true),
  /** Largest body that is read. An order of a hundred items takes a tenth of it. */
  BODY_LIMIT_BYTES: setting.integer(256 * 1024, { min: 1_024 }),
});

/** Reads the configuration. Throws ConfigError, with every problem in its message. */
export function readConfig(env: NodeJS.ProcessEnv = process.env) {
  const read = loadConfig(schema, env);
  return {
    ...serviceConfig(read),
    auth: authConfig(read),
    httpPort: read.HTTP_PORT,
    eventStoreAddress: read.EVENTSTORE_ADDRESS,
    databaseUrl: read.ORDERS_DATABASE_URL,
    personal: {
      data: personalDataIn(read),
      databaseUrl: read.PERSONAL_DATABASE_URL,
      rememberedMs: read.PERSONAL_DATA_REMEMBERED_MS,
    },
    databasePoolSize: read.DATABASE_POOL_SIZE,
    currency: read.CURRENCY,
    requestTimeoutMs: read.REQUEST_TIMEOUT_MS,
    placeTimeoutMs: Math.max(read.PLACE_TIMEOUT_MS, read.REQUEST_TIMEOUT_MS),
    rateLimitPerSecond: read.RATE_LIMIT_PER_SECOND,
    trustTraceparent:
      read.TRUST_TRACEPARENT === 'auto'
        ? modeOf(read.BIND_ADDRESS) === 'local'
        : read.TRUST_TRACEPARENT === 'true',
    admission: {
      goalMs: read.JOURNEY_GOAL_MS,
      start: read.UNFINISHED_ORDERS_START,
      least: read.UNFINISHED_ORDERS_LEAST,
    },
    patience: { paymentMs: read.PAYMENT_DEADLINE_MS, reviewMs: read.REVIEW_DEADLINE_MS },
    bodyLimitBytes: read.BODY_LIMIT_BYTES,
    idempotencyKey: read.IDEMPOTENCY_KEY,
    earlierOrderIds: read.EARLIER_ORDER_IDS,
  };
}
