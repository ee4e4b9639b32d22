import { z } from 'zod';
import { ORDERS_STREAM } from '../../shared/contracts/subjects.ts';
import {
  loadConfig,
  serviceConfig,
  serviceSettings,
  setting,
} from '../../shared/kit/process/config.ts';

/** What eventstoresvc can be told by its environment. Durations are in milliseconds. */
export type Config = ReturnType<typeof readConfig>;

const schema = z.object({
  ...serviceSettings({ serviceName: 'eventstoresvc', adminPort: 9100 }),
  GRPC_PORT: setting.port(50051),
  EVENTSTORE_DATABASE_URL: setting.databaseUrl('postgres://orders@127.0.0.1:26257/eventstoredb'),
  /**
   * For all but appends, which have one connection more of their own; what is read back
   * of a batch that failed goes over these. What readers may take of them says
   * service.ts: with fewer than four it would be most. While a pool is replaced, the
   * server sees its connections twice.
   */
  DATABASE_POOL_SIZE: setting.integer(40, { min: 4, max: 1_000 }),
  /** For one statement. Shorter than a caller's patience, so that it hears of an outage in time. */
  DATABASE_TIMEOUT_MS: setting.milliseconds(3_000, { min: 100 }),
  NATS_URL: setting.natsUrl('nats://127.0.0.1:4222'),
  /**
   * The streams that are served: a log, a relay and a JetStream stream for each. A call
   * that names none is about the first. Consumers' names are theirs alone in all of them.
   */
  STREAMS: setting
    .list([ORDERS_STREAM])
    .refine(
      (names) => names.length > 0 && names.every((name) => /^[A-Z][A-Z0-9_-]{0,31}$/.test(name)),
      'wanted are names of capital letters, separated by commas',
    ),
  STREAM_REPLICAS: setting.streamReplicas(),
  /** Of one event's payload. The broker's own limit for a message is 1 MiB unless told otherwise. */
  MAX_EVENT_BYTES: setting.integer(512 * 1024, { min: 1_024, max: 900 * 1024 }),
  REQUEST_TIMEOUT_MS: setting.milliseconds(10_000, { min: 100 }),
});

/** Reads the configuration. Throws ConfigError, with every problem in its message. */
export function readConfig(env: NodeJS.ProcessEnv = process.env) {
  const read = loadConfig(schema, env);
  return {
    ...serviceConfig(read),
    grpcPort: read.GRPC_PORT,
    streams: [...new Set(read.STREAMS)],
    databaseUrl: read.EVENTSTORE_DATABASE_URL,
    databasePoolSize: read.DATABASE_POOL_SIZE,
    databaseTimeoutMs: read.DATABASE_TIMEOUT_MS,
    natsUrl: read.NATS_URL,
    streamReplicas: read.STREAM_REPLICAS,
    maxEventBytes: read.MAX_EVENT_BYTES,
    requestTimeoutMs: read.REQUEST_TIMEOUT_MS,
  };
}
