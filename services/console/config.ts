import { z } from 'zod';
import {
  configError,
  loadConfig,
  serviceConfig,
  serviceSettings,
  setting,
} from '../../shared/kit/process/config.ts';
import { authConfig, authSettings } from '../../shared/kit/transport/http/callers/auth-settings.ts';
import type { PartAddress } from './live/parts-watch.ts';

/** The console's settings, read from the environment. Durations are in milliseconds. */
export type Config = ReturnType<typeof readConfig>;

/** What it reads from the environment: the stack tells it these variables and no others. */
export const schema = z.object({
  ...serviceSettings({ serviceName: 'console', adminPort: 9106 }),
  ...authSettings(),
  CONSOLE_PORT: setting.port(3100),
  EVENTSTORE_ADDRESS: setting.text('127.0.0.1:50051'),
  /** Where ordersvc is, which is asked for orders in the callers' names. */
  ORDERS_URL: setting.url('http://127.0.0.1:3000', ['http', 'https']),
  /** Where the processes of the system are asked how they are, at their admin ports: `name=url`, separated by commas; or none. */
  ADMIN_URLS: setting.list([
    'eventstoresvc=http://127.0.0.1:9100',
    'ordersvc=http://127.0.0.1:9101',
    'paymentworker=http://127.0.0.1:9102',
    'reviewworker=http://127.0.0.1:9103',
    'querymodelworker=http://127.0.0.1:9104',
    'sagacoordinator=http://127.0.0.1:9105',
  ]),
  /** Where traces are shown to people, or none. */
  ZIPKIN_URL: setting.text('http://127.0.0.1:9411'),
  /**
   * A file with all the variables by which `ordersctl audit` finds the books, as JSON: the
   * operator's, and not the console's. Without it the console runs no audits.
   */
  AUDIT_ENVIRONMENT_FILE: setting.path(),
  /** An audit that takes longer is ended. */
  AUDIT_TIMEOUT_MS: setting.milliseconds(3_600_000, { min: 1_000 }),
  CURRENCY: setting.currency('USD'),
  /** How long orders may wait, as the coordinator has it. */
  PAYMENT_DEADLINE_MS: setting.milliseconds(60_000, { min: 1 }),
  REVIEW_DEADLINE_MS: setting.milliseconds(60_000, { min: 1 }),
  DEADLINE_CEILING_MS: setting.milliseconds(3_600_000, { min: 1 }),
  /** From a request's last byte to its answer. */
  REQUEST_TIMEOUT_MS: setting.milliseconds(10_000, { min: 100 }),
  /** Requests a second of each caller for each endpoint; 0: no limit. */
  RATE_LIMIT_PER_SECOND: setting.integer(0),
  /** Pages that read what happens now, at most; a quarter of them is for operators alone. */
  LIVE_READERS: setting.integer(64, { min: 1, max: 10_000 }),
  /** So many of the newest events are read at the start: what is open now began there. */
  LOOK_BACK: setting.integer(50_000, { min: 0, max: 10_000_000 }),
});

/** Reads the configuration. Throws ConfigError, with every problem in its message. */
export function readConfig(env: NodeJS.ProcessEnv = process.env) {
  const read = loadConfig(schema, env);
  return {
    ...serviceConfig(read),
    auth: authConfig(read),
    httpPort: read.CONSOLE_PORT,
    eventStoreAddress: read.EVENTSTORE_ADDRESS,
    ordersUrl: read.ORDERS_URL.replace(/\/+$/, ''),
    parts: read.ADMIN_URLS.filter((text) => text !== 'none').map(partAddress),
    zipkinUrl: read.ZIPKIN_URL === 'none' ? undefined : read.ZIPKIN_URL.replace(/\/+$/, ''),
    audits: { environmentFile: read.AUDIT_ENVIRONMENT_FILE, mostMs: read.AUDIT_TIMEOUT_MS },
    currency: read.CURRENCY,
    waits: {
      paymentMs: read.PAYMENT_DEADLINE_MS,
      reviewMs: read.REVIEW_DEADLINE_MS,
      ceilingMs: read.DEADLINE_CEILING_MS,
    },
    requestTimeoutMs: read.REQUEST_TIMEOUT_MS,
    rateLimitPerSecond: read.RATE_LIMIT_PER_SECOND,
    liveReaders: read.LIVE_READERS,
    lookBack: read.LOOK_BACK,
  };
}

function partAddress(text: string): PartAddress {
  const [, name, url = ''] = /^([\w-]+)=(.+)$/.exec(text) ?? [];
  if (name === undefined || !/^https?:$/.test(URL.parse(url)?.protocol ?? '')) {
    throw configError([`ADMIN_URLS has "${text}": each must be name=url`]);
  }
  return { name, url: url.replace(/\/+$/, '') };
}
