import { z } from 'zod';
import { amountLimit, minorLimit } from '../../shared/contracts/amount-limit.ts';
import { workerConfig, workerSettings } from '../../shared/eventstore/worker/worker-settings.ts';
import { loadConfig, setting } from '../../shared/kit/process/config.ts';
import type { ReviewPolicy } from './review-policy.ts';

/** The review worker's settings, read from the environment. Durations are in milliseconds. */
export type Config = ReturnType<typeof readConfig>;

/** What it reads from the environment: the stack tells it these variables and no others. */
export const schema = z.object({
  ...workerSettings({ serviceName: 'reviewworker', adminPort: 9103 }),
  /** Orders above this, in major units, are rejected; unset: none. */
  REVIEW_REJECT_ABOVE: amountLimit,
  /** Restaurants whose orders are rejected. The default is the demo's closed one; a single comma means none. */
  REVIEW_REJECT_RESTAURANTS: setting.list(['demo-closed']),
  /** `manual`: every restaurant decides over HTTP, within the coordinator's deadline. */
  REVIEW_MODE: setting.choice('policy', ['policy', 'manual']),
  /** Restaurants that decide themselves even under `policy`. The default is the demo's. */
  REVIEW_MANUAL_RESTAURANTS: setting.list(['demo-manual']),
});

/** Reads the configuration. Throws ConfigError, with every problem in its message. */
export function readConfig(env: NodeJS.ProcessEnv = process.env) {
  const read = loadConfig(schema, env);
  const worker = workerConfig(read);
  const policy: ReviewPolicy = {
    rejectAbove: minorLimit(read.REVIEW_REJECT_ABOVE, worker.currency.decimals),
    rejectRestaurants: read.REVIEW_REJECT_RESTAURANTS,
    manual: read.REVIEW_MODE === 'manual' ? 'all' : read.REVIEW_MANUAL_RESTAURANTS,
  };
  return { ...worker, policy };
}
