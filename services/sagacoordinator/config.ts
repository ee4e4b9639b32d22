import { z } from 'zod';
import { workerConfig, workerSettings } from '../../shared/eventstore/worker/worker-settings.ts';
import { loadConfig, setting } from '../../shared/kit/process/config.ts';

/** What the saga coordinator can be told by its environment. Durations are in milliseconds. */
export type Config = ReturnType<typeof readConfig>;

const schema = z.object({
  ...workerSettings({ serviceName: 'sagacoordinator', adminPort: 9105 }),
  SAGA_DATABASE_URL: setting.databaseUrl('postgres://orders@127.0.0.1:26257/sagadb'),
  /** One connection writes, one looks for what is due, one postpones; the rest is for when one hangs. */
  DATABASE_POOL_SIZE: setting.integer(4, { min: 1, max: 1_000 }),
  DATABASE_TIMEOUT_MS: setting.milliseconds(5_000, { min: 100 }),
  /** An order that is Pending for longer than this is cancelled. */
  PAYMENT_DEADLINE_MS: setting.milliseconds(60_000, { min: 1 }),
  /** An order that is Paid for longer than this is cancelled. */
  REVIEW_DEADLINE_MS: setting.milliseconds(60_000, { min: 1 }),
  /** A request for a void that nobody answered for this long is made again; later ones wait twice as long each, a day at most. */
  VOID_RETRY_MS: setting.milliseconds(300_000, { min: 1 }),
  /**
   * The deadlines above count from when the worker got the event that it is to
   * answer. However long the queue is, an order waits no longer than this.
   */
  DEADLINE_CEILING_MS: setting.milliseconds(3_600_000, { min: 1 }),
  /** Between two looks for what is due, at most. */
  POLL_MS: setting.milliseconds(250, { min: 10, max: 60_000 }),
  /** Deadlines fired at once. */
  MAX_FIRING: setting.integer(64, { min: 1, max: 1_000 }),
});

/** Reads the configuration. Throws ConfigError, with every problem in its message. */
export function readConfig(env: NodeJS.ProcessEnv = process.env) {
  const read = loadConfig(schema, env);
  return {
    ...workerConfig(read),
    databaseUrl: read.SAGA_DATABASE_URL,
    databasePoolSize: read.DATABASE_POOL_SIZE,
    databaseTimeoutMs: read.DATABASE_TIMEOUT_MS,
    times: {
      payment: read.PAYMENT_DEADLINE_MS,
      review: read.REVIEW_DEADLINE_MS,
      void: read.VOID_RETRY_MS,
      ceiling: read.DEADLINE_CEILING_MS,
    },
    pollMs: read.POLL_MS,
    maxFiring: read.MAX_FIRING,
  };
}
