import { z } from 'zod';
import {
  followerConfig,
  followerSettings,
} from '../../shared/eventstore/worker/worker-settings.ts';
import { loadConfig, setting } from '../../shared/kit/process/config.ts';

/** The query model worker's settings, read from the environment. Durations are in milliseconds. */
export type Config = ReturnType<typeof readConfig>;

/** What it reads from the environment: the stack tells it these variables and no others. */
export const schema = z.object({
  ...followerSettings({ serviceName: 'querymodelworker', adminPort: 9104 }),
  ORDERS_DATABASE_URL: setting.databaseUrl('postgres://querymodelworker@127.0.0.1:26257/ordersdb'),
  /** One statement runs at a time; the second connection is for when the first one hangs. */
  DATABASE_POOL_SIZE: setting.integer(2, { min: 1, max: 1_000 }),
  DATABASE_TIMEOUT_MS: setting.milliseconds(5_000, { min: 100 }),
  /** Most events in one statement. */
  MAX_BATCH: setting.integer(500, { min: 1, max: 5_000 }),
  /** Shortest time from one statement to the next, so that under load each has several events. */
  GATHER_MS: setting.milliseconds(15, { min: 0 }),
  /** Limit for one attempt to write a batch; there are a few attempts. */
  ATTEMPT_TIMEOUT_MS: setting.milliseconds(10_000, { min: 100 }),
});

/** Reads the configuration. Throws ConfigError, with every problem in its message. */
export function readConfig(env: NodeJS.ProcessEnv = process.env) {
  const read = loadConfig(schema, env);
  return {
    ...followerConfig(read),
    databaseUrl: read.ORDERS_DATABASE_URL,
    databasePoolSize: read.DATABASE_POOL_SIZE,
    databaseTimeoutMs: read.DATABASE_TIMEOUT_MS,
    maxBatch: read.MAX_BATCH,
    gatherMs: read.GATHER_MS,
    attemptTimeoutMs: read.ATTEMPT_TIMEOUT_MS,
  };
}
