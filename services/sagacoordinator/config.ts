import { z } from 'zod';
import { processConfig, processSettings } from '../../shared/eventstore/worker/worker-settings.ts';
import { loadConfig, setting } from '../../shared/kit/process/config.ts';

/** The saga coordinator's settings, read from the environment. Durations are in milliseconds. */
export type Config = ReturnType<typeof readConfig>;

/** What it reads from the environment: the stack tells it these variables and no others. */
export const schema = z.object({
  ...processSettings({ serviceName: 'sagacoordinator', adminPort: 9105 }),
  SAGA_DATABASE_URL: setting.databaseUrl('postgres://sagacoordinator@127.0.0.1:26257/sagadb'),
  /** One connection writes, one queries what is due, one postpones, one holds the lease. */
  DATABASE_POOL_SIZE: setting.integer(4, { min: 1, max: 1_000 }),
  DATABASE_TIMEOUT_MS: setting.milliseconds(5_000, { min: 100 }),
  /** An order that stays Pending for longer is cancelled. */
  PAYMENT_DEADLINE_MS: setting.milliseconds(60_000, { min: 1 }),
  /** An order that stays Paid for longer is cancelled. */
  REVIEW_DEADLINE_MS: setting.milliseconds(60_000, { min: 1 }),
  /** After this time without an answer a void is requested again; each further wait doubles, up to a day. */
  VOID_RETRY_MS: setting.milliseconds(300_000, { min: 1 }),
  /**
   * The deadlines above count from when the worker received the event that it must
   * answer. However long the queue is, an order waits no longer than this.
   */
  DEADLINE_CEILING_MS: setting.milliseconds(3_600_000, { min: 1 }),
  /** Longest time between queries for what is due. */
  POLL_MS: setting.milliseconds(250, { min: 10, max: 60_000 }),
  /** Most deadlines fired at once. */
  MAX_FIRING: setting.integer(64, { min: 1, max: 1_000 }),
});

/** Reads the configuration. Throws ConfigError, with every problem in its message. */
export function readConfig(env: NodeJS.ProcessEnv = process.env) {
  const read = loadConfig(schema, env);
  return {
    ...processConfig(read),
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
