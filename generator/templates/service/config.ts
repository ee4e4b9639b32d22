import { z } from 'zod';
import {
  loadConfig,
  serviceConfig,
  serviceSettings,
  setting,
} from '../../../shared/kit/process/config.ts';
import {
  authConfig,
  authSettings,
} from '../../../shared/kit/transport/http/callers/auth-settings.ts';

/** The settings of samplename. Durations are in milliseconds. */
export type Config = ReturnType<typeof readConfig>;

/** What it reads from the environment: the stack tells it these variables and no others. */
export const schema = z.object({
  ...serviceSettings({ serviceName: 'samplename', adminPort: 9199 }),
  ...authSettings(),
  SAMPLE_OWNER_PORT: setting.port(3099),
  EVENTSTORE_ADDRESS: setting.text('127.0.0.1:50051'),
  CURRENCY: setting.currency('USD'),
  /** From the last byte of a request to its answer. */
  REQUEST_TIMEOUT_MS: setting.milliseconds(5_000, { min: 100 }),
  BODY_LIMIT_BYTES: setting.integer(256 * 1024, { min: 1_024 }),
});

/** Reads the configuration. Throws ConfigError, with every problem in its message. */
export function readConfig(env: NodeJS.ProcessEnv = process.env) {
  const read = loadConfig(schema, env);
  return {
    ...serviceConfig(read),
    auth: authConfig(read),
    httpPort: read.SAMPLE_OWNER_PORT,
    eventStoreAddress: read.EVENTSTORE_ADDRESS,
    currency: read.CURRENCY,
    requestTimeoutMs: read.REQUEST_TIMEOUT_MS,
    bodyLimitBytes: read.BODY_LIMIT_BYTES,
  };
}
