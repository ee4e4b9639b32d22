import { z } from 'zod';
import { currencyDecimals } from '../../shared/contracts/currency.ts';
import { loadConfig, serviceSettings, setting } from '../../shared/kit/config.ts';

/** What ordersvc can be told by its environment. Durations are in milliseconds. */
export type Config = ReturnType<typeof readConfig>;

const schema = z.object({
  ...serviceSettings({ serviceName: 'ordersvc', adminPort: 9101 }),
  HTTP_PORT: setting.port(3000),
  EVENTSTORE_ADDRESS: setting.text('127.0.0.1:50051'),
  ORDERS_DATABASE_URL: setting.url('postgres://orders@127.0.0.1:26257/ordersdb', [
    'postgres',
    'postgresql',
  ]),
  DATABASE_POOL_SIZE: setting.integer(10, { min: 1, max: 1_000 }),
  /** ISO 4217. Its decimals are those of all amounts in the log, so it cannot change later. */
  CURRENCY: setting.text('USD').transform((code, check): number => {
    const decimals = currencyDecimals(code);
    if (decimals !== undefined) return decimals;
    check.addIssue({ code: 'custom', message: 'wanted is a currency code such as USD' });
    return z.NEVER;
  }),
  /** From the last byte of a request to its answer. */
  REQUEST_TIMEOUT_MS: setting.milliseconds(5_000, { min: 100 }),
  /** Requests a second, for each endpoint; 0: as many as come. */
  RATE_LIMIT_PER_SECOND: setting.integer(0),
  /** The largest body that is read. An order of a hundred items is a tenth of it. */
  BODY_LIMIT_BYTES: setting.integer(256 * 1024, { min: 1_024 }),
});

/** Reads the configuration. Throws ConfigError, with every problem in its message. */
export function readConfig(env: NodeJS.ProcessEnv = process.env) {
  const read = loadConfig(schema, env);
  return {
    serviceName: read.OTEL_SERVICE_NAME,
    bindAddress: read.BIND_ADDRESS,
    httpPort: read.HTTP_PORT,
    adminPort: read.ADMIN_PORT,
    logLevel: read.LOG_LEVEL,
    shutdownTimeoutMs: read.SHUTDOWN_TIMEOUT_MS,
    tracing: {
      endpoint: read.OTEL_EXPORTER_ZIPKIN_ENDPOINT,
      sampler: read.OTEL_TRACES_SAMPLER,
      samplerArg: read.OTEL_TRACES_SAMPLER_ARG,
    },
    eventStoreAddress: read.EVENTSTORE_ADDRESS,
    databaseUrl: read.ORDERS_DATABASE_URL,
    databasePoolSize: read.DATABASE_POOL_SIZE,
    decimals: read.CURRENCY,
    requestTimeoutMs: read.REQUEST_TIMEOUT_MS,
    rateLimitPerSecond: read.RATE_LIMIT_PER_SECOND,
    bodyLimitBytes: read.BODY_LIMIT_BYTES,
  };
}
