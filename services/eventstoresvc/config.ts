import { z } from 'zod';
import { ORDERS_STREAM } from '../../shared/contracts/subjects.ts';
import {
  loadConfig,
  serviceConfig,
  serviceSettings,
  setting,
} from '../../shared/kit/process/config.ts';
import { furtherRightsSetting } from './rights/table.ts';

/** Settings of eventstoresvc, read from the environment. Durations are in milliseconds. */
export type Config = ReturnType<typeof readConfig>;

/** What it reads from the environment: the stack tells it these variables and no others. */
export const schema = z.object({
  ...serviceSettings({ serviceName: 'eventstoresvc', adminPort: 9100 }),
  GRPC_PORT: setting.port(50051),
  EVENTSTORE_DATABASE_URL: setting.databaseUrl(
    'postgres://eventstoresvc@127.0.0.1:26257/eventstoredb',
  ),
  /**
   * For everything but appends, which have one more connection of their own; reading
   * back a failed batch uses this pool. service.ts limits the readers' share; below
   * four connections they would take most. While a pool is replaced, the server sees
   * twice as many connections.
   */
  DATABASE_POOL_SIZE: setting.integer(40, { min: 4, max: 1_000 }),
  /** For one statement. Shorter than callers wait, so that they hear of an outage in time. */
  DATABASE_TIMEOUT_MS: setting.milliseconds(3_000, { min: 100 }),
  NATS_URL: setting.natsUrl('nats://127.0.0.1:4222'),
  /**
   * The streams that are served, each with a log, a relay and a JetStream stream. A
   * call that names none means the first. Names of consumers, ids of
   * events, and aggregates (type and id) are unique across all of them.
   */
  STREAMS: setting.streams([ORDERS_STREAM]),
  STREAM_REPLICAS: setting.streamReplicas(),
  /** Limit for one event's payload. The broker's default limit for a message is 1 MiB. */
  MAX_EVENT_BYTES: setting.integer(512 * 1024, { min: 1_024, max: 900 * 1024 }),
  /** Who may do what beside the services of the orders: rights as in shared/contracts/rights/grpc.ts, by name. */
  GRPC_RIGHTS: furtherRightsSetting(),
  REQUEST_TIMEOUT_MS: setting.milliseconds(10_000, { min: 100 }),
});

/** Reads the configuration. Throws ConfigError, with every problem in its message. */
export function readConfig(env: NodeJS.ProcessEnv = process.env) {
  const read = loadConfig(schema, env);
  return {
    ...serviceConfig(read),
    grpcPort: read.GRPC_PORT,
    streams: read.STREAMS,
    databaseUrl: read.EVENTSTORE_DATABASE_URL,
    databasePoolSize: read.DATABASE_POOL_SIZE,
    databaseTimeoutMs: read.DATABASE_TIMEOUT_MS,
    natsUrl: read.NATS_URL,
    streamReplicas: read.STREAM_REPLICAS,
    furtherRights: read.GRPC_RIGHTS,
    maxEventBytes: read.MAX_EVENT_BYTES,
    requestTimeoutMs: read.REQUEST_TIMEOUT_MS,
  };
}
