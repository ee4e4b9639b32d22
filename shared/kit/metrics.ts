import type { IncomingMessage, ServerResponse } from 'node:http';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { createNoopMeter, type Meter } from '@opentelemetry/api';
import { PrometheusExporter } from '@opentelemetry/exporter-prometheus';
import { resourceFromAttributes } from '@opentelemetry/resources';
import { MeterProvider } from '@opentelemetry/sdk-metrics';

/** A process's metrics: creates them and serves them. */
export interface Metrics {
  readonly meter: Meter;
  /** Answers a scrape with all metrics in Prometheus' text format. */
  handle(request: IncomingMessage, response: ServerResponse): void;
  /** Stops measuring. May be called again. */
  close(): Promise<void>;
}

/**
 * Metrics of `service`, including the process's own: memory, uptime and event loop delay.
 * Create one per process; the caller closes it.
 */
export function createMetrics(service: string): Metrics {
  const exporter = new PrometheusExporter({ preventServerStart: true, withoutScopeInfo: true });
  const provider = new MeterProvider({
    resource: resourceFromAttributes({ 'service.name': service }),
    readers: [exporter],
  });
  const meter = provider.getMeter(service);
  const stopMeasuring = measureProcess(meter);
  let closed: Promise<void> | undefined;
  return {
    meter,
    handle(request, response) {
      exporter.getMetricsRequestHandler(request, response);
      // The exporter omits the version, which strict scrapers require.
      response.setHeader('content-type', 'text/plain; version=0.0.4; charset=utf-8');
    },
    close() {
      stopMeasuring();
      closed ??= provider.shutdown();
      return closed;
    },
  };
}

/** Observes the process at each scrape, under Prometheus' names; returns a function that stops it. */
function measureProcess(meter: Meter): () => void {
  // Sampled every 20 ms: finer costs more than it tells.
  const delay = monitorEventLoopDelay({ resolution: 20 });
  delay.enable();
  const seconds = (nanoseconds: number) => (Number.isFinite(nanoseconds) ? nanoseconds / 1e9 : 0);

  meter
    .createObservableGauge('process_resident_memory_bytes', {
      description: 'Memory of the process.',
    })
    .addCallback((gauge) => gauge.observe(process.memoryUsage.rss()));
  meter
    .createObservableGauge('process_uptime_seconds', {
      description: 'Time since the process started.',
    })
    .addCallback((gauge) => gauge.observe(process.uptime()));
  meter
    .createObservableGauge('nodejs_eventloop_delay_seconds', {
      description: 'How late the event loop ran its timers since the last scrape.',
    })
    .addCallback((gauge) => {
      gauge.observe(seconds(delay.percentile(50)), { quantile: '0.5' });
      gauge.observe(seconds(delay.percentile(99)), { quantile: '0.99' });
      gauge.observe(seconds(delay.max), { quantile: '1' });
      delay.reset();
    });
  return () => delay.disable();
}

/** The meter that measures nothing. */
export const noMeter: Meter = createNoopMeter();
