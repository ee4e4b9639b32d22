import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Logger } from '../logger.ts';
import { contentTypes, exposed, formatFor } from './exposition.ts';
import { frameMetrics } from './frame-metrics.ts';
import type { Meter } from './meter.ts';
import { measureProcess } from './process-metrics.ts';
import { createRegistry } from './registry.ts';

/** A process's metrics: creates them and serves them. */
export interface Metrics {
  readonly meter: Meter;
  /** Answers a scrape with all metrics, in OpenMetrics or Prometheus' own format, as it asks. */
  handle(request: IncomingMessage, response: ServerResponse): void;
  /** Stops measuring the process. May be called again. */
  close(): Promise<void>;
}

/**
 * Metrics of `service`, with its `version` and the process's own: memory, processor and event
 * loop. `logger` is told once of each metric that cannot be read. Create one per service; the
 * caller closes it.
 */
export function createMetrics(service: string, version = '', logger?: Logger): Metrics {
  const registry = createRegistry(logger);
  const build = {
    'service.name': service,
    'service.version': version,
    'process.runtime.version': process.versions.node,
  };
  registry.observe(frameMetrics.buildInfo, (tell) => tell(1, build));
  const stopMeasuring = measureProcess(registry);
  return {
    meter: registry,
    handle(request, response) {
      const format = formatFor(request.headers.accept);
      response.setHeader('content-type', contentTypes[format]);
      response.end(exposed(registry.collect(), format));
    },
    close: async () => stopMeasuring(),
  };
}
