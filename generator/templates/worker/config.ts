import { z } from 'zod';
import { workerConfig, workerSettings } from '../../../shared/eventstore/worker/worker-settings.ts';
import { loadConfig } from '../../../shared/kit/process/config.ts';

/** The settings of samplename. Durations are in milliseconds. */
export type Config = ReturnType<typeof readConfig>;

/** What it reads from the environment: the stack tells it these variables and no others. */
export const schema = z.object({
  ...workerSettings({ serviceName: 'samplename', adminPort: 9199 }),
});

/** Reads the configuration. Throws ConfigError, with every problem in its message. */
export const readConfig = (env: NodeJS.ProcessEnv = process.env) =>
  workerConfig(loadConfig(schema, env));
