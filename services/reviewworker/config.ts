import { z } from 'zod';
import { amountLimit, minorLimit } from '../../shared/contracts/amount-limit.ts';
import { workerConfig, workerSettings } from '../../shared/eventstore/worker-settings.ts';
import { loadConfig, setting } from '../../shared/kit/config.ts';

/** What the review worker can be told by its environment. Durations are in milliseconds. */
export type Config = ReturnType<typeof readConfig>;

const schema = z.object({
  ...workerSettings({ serviceName: 'reviewworker', adminPort: 9103 }),
  /** Orders of more than this, in major units, are rejected; unset: none. */
  REVIEW_REJECT_ABOVE: amountLimit,
  REVIEW_REJECT_RESTAURANTS: setting.list(),
});

/** Reads the configuration. Throws ConfigError, with every problem in its message. */
export function readConfig(env: NodeJS.ProcessEnv = process.env) {
  const read = loadConfig(schema, env);
  const worker = workerConfig(read);
  return {
    ...worker,
    policy: {
      rejectAbove: minorLimit(read.REVIEW_REJECT_ABOVE, worker.decimals),
      rejectRestaurants: read.REVIEW_REJECT_RESTAURANTS,
    },
  };
}
