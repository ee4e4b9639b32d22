import { z } from 'zod';
import { ORDERS_STREAM } from '../../shared/contracts/subjects.ts';
import { loadConfig, serviceSettings, setting } from '../../shared/kit/process/config.ts';

/** The bootstrapper's settings, read from the environment. Durations are in milliseconds. */
export type Config = ReturnType<typeof readConfig>;

// The bootstrapper exits within a second: it needs no admin port and no traces.
const { OTEL_SERVICE_NAME, LOG_LEVEL } = serviceSettings({
  serviceName: 'bootstrapper',
  adminPort: 0,
});

/** What it reads from the environment: the stack tells it these variables and no others. */
export const schema = z.object({
  OTEL_SERVICE_NAME,
  LOG_LEVEL,
  EVENTSTORE_DATABASE_URL: setting.databaseUrl(
    'postgres://bootstrapper@127.0.0.1:26257/eventstoredb',
  ),
  ORDERS_DATABASE_URL: setting.databaseUrl('postgres://bootstrapper@127.0.0.1:26257/ordersdb'),
  PAYMENTS_DATABASE_URL: setting.databaseUrl('postgres://bootstrapper@127.0.0.1:26257/paymentsdb'),
  SAGA_DATABASE_URL: setting.databaseUrl('postgres://bootstrapper@127.0.0.1:26257/sagadb'),
  /** Only where texts about customers are sealed; without it no such database is made. */
  PERSONAL_DATABASE_URL: setting.databaseUrl().optional(),
  /**
   * Folder with the password of each role as `<role>.pgpass`. The roles are made, and rights
   * granted, in the databases whose URL names the user `bootstrapper`; without the folder
   * the roles of the URLs own everything.
   */
  SQL_PASSFILES: setting.text(''),
  /** Further databases on the server of the log, each with the role that owns it: `name=role`. */
  OWNED_DATABASES: setting.list(),
  NATS_URL: setting.natsUrl('nats://127.0.0.1:4222'),
  /** Names of the JetStream streams to make. */
  STREAMS: setting.streams([ORDERS_STREAM]),
  STREAM_REPLICAS: setting.streamReplicas(),
  /** Limit for the whole run, waiting for servers included; the caller waits a minute. */
  BOOTSTRAP_TIMEOUT_MS: setting.milliseconds(50_000, { min: 1 }),
});

/** Reads the configuration. Throws ConfigError, with every problem in its message. */
export function readConfig(env: NodeJS.ProcessEnv = process.env) {
  const read = loadConfig(schema, env);
  return {
    serviceName: read.OTEL_SERVICE_NAME,
    logLevel: read.LOG_LEVEL,
    databases: {
      events: read.EVENTSTORE_DATABASE_URL,
      orders: read.ORDERS_DATABASE_URL,
      payments: read.PAYMENTS_DATABASE_URL,
      saga: read.SAGA_DATABASE_URL,
      personal: read.PERSONAL_DATABASE_URL,
    },
    passfiles: read.SQL_PASSFILES || undefined,
    ownedDatabases: read.OWNED_DATABASES.map((pair) => {
      const [name = '', role = name] = pair.split('=');
      return { name, role };
    }),
    natsUrl: read.NATS_URL,
    streams: read.STREAMS,
    streamReplicas: read.STREAM_REPLICAS,
    timeoutMs: read.BOOTSTRAP_TIMEOUT_MS,
  };
}
