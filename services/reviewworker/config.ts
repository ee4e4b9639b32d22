import { z } from 'zod';
import { amountLimit, minorLimit } from '../../shared/contracts/amount-limit.ts';
import { workerConfig, workerSettings } from '../../shared/eventstore/worker/worker-settings.ts';
import { loadConfig, setting } from '../../shared/kit/process/config.ts';
import type { ReviewPolicy } from './review-policy.ts';

/** What the review worker can be told by its environment. Durations are in milliseconds. */
export type Config = ReturnType<typeof readConfig>;

const schema = z.object({
  ...workerSettings({ serviceName: 'reviewworker', adminPort: 9103 }),
  /** Orders of more than this, in major units, are rejected; unset: none. */
  REVIEW_REJECT_ABOVE: amountLimit,
  /** Restaurants whose orders are rejected: the default is the demo's closed one; a lone comma names none. */
  REVIEW_REJECT_RESTAURANTS: setting.list(['demo-closed']),
  /** `manual`: every restaurant decides for itself, over HTTP and within the coordinator's deadline. */
  REVIEW_MODE: setting.choice('policy', ['policy', 'manual']),
  /** Restaurants that decide for themselves under `policy` too: the default is the demo's. */
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
