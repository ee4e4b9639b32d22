import { isIP } from 'node:net';
import { modeOf } from './address/mode.ts';
import { from, type Read, requiredInStrict, setting } from './setting.ts';

/** The values of OTEL_TRACES_SAMPLER. */
export const samplerNames = [
  'always_on',
  'always_off',
  'traceidratio',
  'parentbased_always_on',
  'parentbased_always_off',
  'parentbased_traceidratio',
] as const;

/** The values of OTEL_EXPORTER_OTLP_PROTOCOL. */
export const otlpProtocols = ['http/protobuf', 'http/json', 'grpc'] as const;
export type OtlpProtocol = (typeof otlpProtocols)[number];

/** Where a program's certificate lies, in PEM. */
export interface TlsFiles {
  /** The authorities that it trusts; several while one replaces another. */
  readonly ca: string;
  readonly cert: string;
  readonly key: string;
}

/** The defaults that differ between services. */
export interface ServiceDefaults {
  /** Name in traces, logs and metrics. */
  readonly serviceName: string;
  readonly adminPort: number;
}

const bindAddress = () =>
  from('127.0.0.1', 'an IP address or localhost', (text) =>
    isIP(text) !== 0 || text === 'localhost' ? text : undefined,
  );

/** As OpenTelemetry lists headers; the exporter says more exactly what it takes. */
const isHeaderList = (text: string) => text.split(',').every((entry) => /^\s*[!-~]+=/.test(entry));

/**
 * The settings of every service; spread them into its own:
 * `z.object({ ...serviceSettings({ … }), NATS_URL: setting.url(…) })`. Names are
 * OpenTelemetry's where it has one.
 */
export function serviceSettings({ serviceName, adminPort }: ServiceDefaults) {
  return {
    OTEL_SERVICE_NAME: setting.text(serviceName),
    ADMIN_PORT: setting.port(adminPort),
    /** What other machines reach needs credentials, or ALLOW_INSECURE; loadConfig checks it. */
    BIND_ADDRESS: bindAddress(),
    /** Of `/metrics` and the like, for which nobody needs credentials: loopback, unless ALLOW_INSECURE is true. */
    ADMIN_ADDRESS: bindAddress(),
    ALLOW_INSECURE: setting.flag(false),
    /**
     * The service's certificate, in PEM, and the authorities that it trusts: it calls others and
     * is called with them. All three, or none: then gRPC is plain, and asks nobody who he is.
     */
    TLS_CA_FILE: setting.path(),
    TLS_CERT_FILE: requiredInStrict(setting.path()),
    TLS_KEY_FILE: setting.path(),
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
    OTEL_TRACES_EXPORTER: setting.choice('zipkin', ['zipkin', 'otlp', 'none']),
    /** Asked where a trace begins and at each HTTP request; below, the flag in `traceparent` decides. */
    OTEL_TRACES_SAMPLER: setting.choice('parentbased_always_on', samplerNames),
    /** The share of traces that the ratio samplers keep. */
    OTEL_TRACES_SAMPLER_ARG: setting.number(1, { min: 0, max: 1 }),
    OTEL_EXPORTER_ZIPKIN_ENDPOINT: setting.url('http://127.0.0.1:9411/api/v2/spans', [
      'http',
      'https',
    ]),
    /** For a protected Zipkin: `authorization=Bearer%20…`. Not needed for a user and a password, which the endpoint can hold. */
    OTEL_EXPORTER_ZIPKIN_HEADERS: setting.secret('name=value, …', isHeaderList),
    /** For `otlp`, without `/v1/traces`; default: loopback, port 4318 for HTTP and 4317 for gRPC. */
    OTEL_EXPORTER_OTLP_ENDPOINT: setting.url(undefined, ['http', 'https']).optional(),
    OTEL_EXPORTER_OTLP_PROTOCOL: setting.choice('http/protobuf', otlpProtocols),
    /** As for Zipkin. */
    OTEL_EXPORTER_OTLP_HEADERS: setting.secret('name=value, …', isHeaderList),
    /** How long one attempt at a batch may take. */
    OTEL_EXPORTER_OTLP_TIMEOUT: setting.milliseconds(10_000, { min: 1 }),
  } as const;
}

/** What every service's configuration holds. Durations are in milliseconds. */
export type ServiceConfig = ReturnType<typeof serviceConfig>;

/** The values of `serviceSettings` under the names that services use; spread them into its own. */
export function serviceConfig(read: Read<ReturnType<typeof serviceSettings>>) {
  return {
    serviceName: read.OTEL_SERVICE_NAME,
    bindAddress: read.BIND_ADDRESS,
    mode: modeOf(read.BIND_ADDRESS),
    allowInsecure: read.ALLOW_INSECURE,
    adminAddress: read.ADMIN_ADDRESS,
    tls: tlsFiles(read.TLS_CA_FILE, read.TLS_CERT_FILE, read.TLS_KEY_FILE),
    adminPort: read.ADMIN_PORT,
    logLevel: read.LOG_LEVEL,
    shutdownTimeoutMs: read.SHUTDOWN_TIMEOUT_MS,
    tracing: {
      exporter: read.OTEL_TRACES_EXPORTER,
      endpoint: read.OTEL_EXPORTER_ZIPKIN_ENDPOINT,
      headers: read.OTEL_EXPORTER_ZIPKIN_HEADERS,
      otlp: {
        endpoint: read.OTEL_EXPORTER_OTLP_ENDPOINT,
        protocol: read.OTEL_EXPORTER_OTLP_PROTOCOL,
        headers: read.OTEL_EXPORTER_OTLP_HEADERS,
        timeoutMs: read.OTEL_EXPORTER_OTLP_TIMEOUT,
      },
      sampler: read.OTEL_TRACES_SAMPLER,
      samplerArg: read.OTEL_TRACES_SAMPLER_ARG,
    },
  };
}

/** loadConfig refuses some of the three without the others. */
const tlsFiles = (
  ca: string | undefined,
  cert: string | undefined,
  key: string | undefined,
): TlsFiles | undefined =>
  ca === undefined || cert === undefined || key === undefined ? undefined : { ca, cert, key };
