import { z } from 'zod';
import {
  loadConfig,
  serviceConfig,
  serviceSettings,
  setting,
} from '../../shared/kit/process/config.ts';

/** Settings of ordersvc, read from the environment. Durations are in milliseconds. */
export type Config = ReturnType<typeof readConfig>;

const schema = z.object({
  ...serviceSettings({ serviceName: 'ordersvc', adminPort: 9101 }),
  HTTP_PORT: setting.port(3000),
  EVENTSTORE_ADDRESS: setting.text('127.0.0.1:50051'),
  ORDERS_DATABASE_URL: setting.databaseUrl('postgres://orders@127.0.0.1:26257/ordersdb'),
  DATABASE_POOL_SIZE: setting.integer(10, { min: 1, max: 1_000 }),
  CURRENCY: setting.currency('USD'),
  /** From a request's last byte to its answer. */
  REQUEST_TIMEOUT_MS: setting.milliseconds(5_000, { min: 100 }),
  /** Requests a second for each endpoint; 0: no limit. */
  RATE_LIMIT_PER_SECOND: setting.integer(0),
  /** Largest body that is read. An order of a hundred items takes a tenth of it. */
  BODY_LIMIT_BYTES: setting.integer(256 * 1024, { min: 1_024 }),
});

/** Reads the configuration. Throws ConfigError, with every problem in its message. */
export function readConfig(env: NodeJS.ProcessEnv = process.env) {
  const read = loadConfig(schema, env);
  return {
    ...serviceConfig(read),
    httpPort: read.HTTP_PORT,
    eventStoreAddress: read.EVENTSTORE_ADDRESS,
    databaseUrl: read.ORDERS_DATABASE_URL,
    databasePoolSize: read.DATABASE_POOL_SIZE,
    currency: read.CURRENCY,
    requestTimeoutMs: read.REQUEST_TIMEOUT_MS,
    rateLimitPerSecond: read.RATE_LIMIT_PER_SECOND,
    bodyLimitBytes: read.BODY_LIMIT_BYTES,
  };
}
