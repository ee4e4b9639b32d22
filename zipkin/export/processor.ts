import { TraceFlags } from '@opentelemetry/api';
import { BatchSpanProcessor, type SpanProcessor } from '@opentelemetry/sdk-trace';
import { exporterDefaults, type PatientExporter } from './patient-exporter.ts';

/**
 * Batches by OpenTelemetry's processor. `scheduledDelayMillis` is how long a trace takes
 * to appear; the export's timeout is only a backstop behind the exporter's own deadlines.
 */
const batching = {
  maxExportBatchSize: 512,
  scheduledDelayMillis: 250,
  exportTimeoutMillis: exporterDefaults.keepMs + 2 * exporterDefaults.timeoutMs,
};

const full = new Error('too many spans are waiting');

/**
 * Keeps at most `maxPending` spans, waiting or being sent; more are lost and counted,
 * which OpenTelemetry's own processor does not report.
 */
export function boundedProcessor(
  exporter: PatientExporter,
  maxPending: number,
): SpanProcessor & { pending(): number } {
  let pending = 0;
  const batches = new BatchSpanProcessor({
    ...batching,
    maxQueueSize: maxPending,
    exporter: {
      export: (spans, done) =>
        exporter.export(spans, (result) => {
          pending -= spans.length;
          done(result);
        }),
      shutdown: () => exporter.shutdown(),
    },
  });
  return {
    onStart: (span, context) => batches.onStart(span, context),
    onEnd: (span) => {
      if ((span.spanContext().traceFlags & TraceFlags.SAMPLED) === 0) return;
      if (pending >= maxPending) return exporter.lose(1, full);
      pending++;
      batches.onEnd(span);
    },
    forceFlush: () => batches.forceFlush(),
    shutdown: () => batches.shutdown(),
    pending: () => pending,
  };
}
