import { isIP } from 'node:net';
import { from, type Read, setting } from './setting.ts';

/** The values of OTEL_TRACES_SAMPLER. */
export const samplerNames = [
  'always_on',
  'always_off',
  'traceidratio',
  'parentbased_always_on',
  'parentbased_always_off',
  'parentbased_traceidratio',
] as const;

/** The defaults that differ between services. */
export interface ServiceDefaults {
  /** Name in traces, logs and metrics. */
  readonly serviceName: string;
  readonly adminPort: number;
}

/**
 * The settings of every service; spread them into its own:
 * `z.object({ ...serviceSettings({ … }), NATS_URL: setting.url(…) })`. Names are
 * OpenTelemetry's where it has one.
 */
export function serviceSettings({ serviceName, adminPort }: ServiceDefaults) {
  return {
    OTEL_SERVICE_NAME: setting.text(serviceName),
    ADMIN_PORT: setting.port(adminPort),
    /** Loopback unless ALLOW_INSECURE is true; loadConfig checks it. */
    BIND_ADDRESS: from('127.0.0.1', 'an IP address or localhost', (text) =>
      isIP(text) !== 0 || text === 'localhost' ? text : undefined,
    ),
    ALLOW_INSECURE: setting.flag(false),
    LOG_LEVEL: setting.choice('info', [
      'trace',
      'debug',
      'info',
      'warn',
      'error',
      'fatal',
      'silent',
    ]),
    /** For the whole shutdown. */
    SHUTDOWN_TIMEOUT_MS: setting.milliseconds(10_000, { min: 1 }),
    /** `none`: spans are created, so that ids are passed on and recorded, but not sent. */
    OTEL_TRACES_EXPORTER: setting.choice('zipkin', ['zipkin', 'none']),
    OTEL_TRACES_SAMPLER: setting.choice('parentbased_always_on', samplerNames),
    /** The share of traces that the ratio samplers keep. */
    OTEL_TRACES_SAMPLER_ARG: setting.number(1, { min: 0, max: 1 }),
    OTEL_EXPORTER_ZIPKIN_ENDPOINT: setting.url('http://127.0.0.1:9411/api/v2/spans', [
      'http',
      'https',
    ]),
  } as const;
}

/** What every service's configuration holds. Durations are in milliseconds. */
export type ServiceConfig = ReturnType<typeof serviceConfig>;

/** The values of `serviceSettings` under the names that services use; spread them into its own. */
export function serviceConfig(read: Read<ReturnType<typeof serviceSettings>>) {
  return {
    serviceName: read.OTEL_SERVICE_NAME,
    bindAddress: read.BIND_ADDRESS,
    adminPort: read.ADMIN_PORT,
    logLevel: read.LOG_LEVEL,
    shutdownTimeoutMs: read.SHUTDOWN_TIMEOUT_MS,
    tracing: {
      exporter: read.OTEL_TRACES_EXPORTER,
      endpoint: read.OTEL_EXPORTER_ZIPKIN_ENDPOINT,
      sampler: read.OTEL_TRACES_SAMPLER,
      samplerArg: read.OTEL_TRACES_SAMPLER_ARG,
    },
  };
}
