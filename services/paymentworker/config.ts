import { z } from 'zod';
import { amountLimit, minorLimit } from '../../shared/contracts/amount-limit.ts';
import { workerConfig, workerSettings } from '../../shared/eventstore/worker-settings.ts';
import { loadConfig, setting } from '../../shared/kit/config.ts';

/** What the payment worker can be told by its environment. Durations are in milliseconds. */
export type Config = ReturnType<typeof readConfig>;

const schema = z.object({
  ...workerSettings({ serviceName: 'paymentworker', adminPort: 9102 }),
  PAYMENTS_DATABASE_URL: setting.databaseUrl('postgres://orders@127.0.0.1:26257/paymentsdb'),
  DATABASE_POOL_SIZE: setting.integer(10, { min: 1, max: 1_000 }),
  DATABASE_TIMEOUT_MS: setting.milliseconds(5_000, { min: 100 }),
  /** The simulated gateway declines more than this, in major units; unset: nothing. */
  SIMULATED_DECLINE_ABOVE: amountLimit,
  SIMULATED_DECLINE_CUSTOMERS: setting.list(),
  SIMULATED_DELAY_MS: setting.milliseconds(0),
  SIMULATED_FAILURE_RATE: setting.number(0, { min: 0, max: 1 }),
});

/** Reads the configuration. Throws ConfigError, with every problem in its message. */
export function readConfig(env: NodeJS.ProcessEnv = process.env) {
  const read = loadConfig(schema, env);
  const worker = workerConfig(read);
  return {
    ...worker,
    databaseUrl: read.PAYMENTS_DATABASE_URL,
    databasePoolSize: read.DATABASE_POOL_SIZE,
    databaseTimeoutMs: read.DATABASE_TIMEOUT_MS,
    simulation: {
      declineAbove: minorLimit(read.SIMULATED_DECLINE_ABOVE, worker.decimals),
      declineCustomers: read.SIMULATED_DECLINE_CUSTOMERS,
      delayMs: read.SIMULATED_DELAY_MS,
      failureRate: read.SIMULATED_FAILURE_RATE,
    },
  };
}
