import { setTimeout as sleep } from 'node:timers/promises';
import { context, logs, propagation, type Tracer, trace } from '@opentelemetry/api';
import { resourceFromAttributes } from '@opentelemetry/resources';
import { NodeSDK } from '@opentelemetry/sdk-node';
import type { Logger } from '../shared/kit/logger.ts';
import type { Secret } from '../shared/kit/process/secret.ts';
import { type OtlpOptions, otlpExporter } from './export/otlp-exporter.ts';
import { boundedProcessor } from './export/processor.ts';
import { zipkinExporter } from './export/zipkin-exporter.ts';
import { samplerFor } from './sampler.ts';

export interface TracingOptions {
  /** The service's name in traces. */
  readonly serviceName: string;
  /** `none`: trace ids are still created and passed on, and no span leaves the process. */
  readonly exporter: 'zipkin' | 'otlp' | 'none';
  /** Zipkin's v2 address: `http://127.0.0.1:9411/api/v2/spans`. */
  readonly endpoint: string;
  /** Headers for a protected Zipkin, in OpenTelemetry's form. */
  readonly headers?: Secret | undefined;
  /** Where `otlp` sends spans, and how. */
  readonly otlp?: Omit<OtlpOptions, 'logger' | 'keepMs'>;
  /** One of OpenTelemetry's OTEL_TRACES_SAMPLER names. */
  readonly sampler: string;
  /** The ratio, from 0 to 1, of a sampler that has one. */
  readonly samplerArg?: string | number | undefined;
  readonly logger: Logger;
}

/** Tracing of one process: a component of its lifecycle. */
export interface Tracing {
  readonly name: 'tracing';
  readonly tracer: Tracer;
  /** Spans lost so far, because the receiver was away or the queue was full. */
  dropped(): number;
  /**
   * Sends what is queued and ends, within two seconds even if the receiver hangs. Spans that
   * end later are lost. May be called twice.
   */
  stop(): Promise<void>;
}

/** At a few hundred bytes each, at most some megabytes. */
const MAX_PENDING = 8192;
const STOP_WITHIN_MS = 2000;

/** The limit of one span, whatever a caller sends. */
const spanLimits = { attributeCountLimit: 32, attributeValueLengthLimit: 512, linkCountLimit: 4 };

/**
 * Starts OpenTelemetry's Node SDK to send only our own spans, to one receiver: no
 * instrumentations, no resource detectors (each would put its tags on every span), no
 * metrics, no logs. The receiver need not be running, now or ever. Throws RangeError for an
 * unknown sampler.
 */
export function startTracing(options: TracingOptions): Tracing {
  const { exporter, processor } = options.exporter === 'none' ? nowhere : toReceiver(options);
  const sdk = new NodeSDK({
    autoDetectResources: false,
    resource: resourceFromAttributes({ 'service.name': options.serviceName }),
    instrumentations: [],
    metricReaders: [],
    logRecordProcessors: [],
    textMapPropagator: null,
    sampler: samplerFor(options.sampler, options.samplerArg),
    spanLimits,
    spanProcessors: [processor],
  });
  const tracer = startedTracer(sdk, options.serviceName);
  let stopped: Promise<void> | undefined;
  let ended = false;
  const stop = async () => {
    exporter.hurry();
    const gaveUp = new AbortController();
    await Promise.race([
      sdk.shutdown().catch(() => {}),
      sleep(STOP_WITHIN_MS, undefined, { signal: gaveUp.signal }).catch(() => {}),
    ]);
    gaveUp.abort();
    ended = true;
  };
  return {
    name: 'tracing',
    tracer,
    // Spans still queued at the end are lost, though their last attempt may not have failed yet.
    dropped: () => exporter.lost() + (ended ? processor.pending() : 0),
    stop: () => {
      stopped ??= stop();
      return stopped;
    },
  };
}

function toReceiver(options: TracingOptions) {
  const { logger, otlp = { protocol: 'http/protobuf', endpoint: undefined } } = options;
  const exporter =
    options.exporter === 'otlp' ? otlpExporter({ ...otlp, logger }) : zipkinExporter(options);
  return { exporter, processor: boundedProcessor(exporter, MAX_PENDING) };
}

/** Takes spans, sends none and counts none as lost. */
const nowhere = {
  exporter: { hurry: () => {}, lost: () => 0 },
  processor: {
    onStart: () => {},
    onEnd: () => {},
    forceFlush: async () => {},
    shutdown: async () => {},
    pending: () => 0,
  },
};

/**
 * The SDK provides its tracer only through the API's globals. We pass contexts
 * explicitly and do not need the globals, so they are reset: two tracings in one
 * process (as in tests) do not meet.
 */
function startedTracer(sdk: NodeSDK, name: string): Tracer {
  trace.disable();
  sdk.start();
  const tracer = trace.getTracerProvider().getTracer(name);
  for (const api of [trace, context, propagation, logs]) api.disable();
  return tracer;
}
