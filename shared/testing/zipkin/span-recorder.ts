import type { Tracer } from '@opentelemetry/api';
import { resourceFromAttributes } from '@opentelemetry/resources';
import {
  AlwaysOnSampler,
  InMemorySpanExporter,
  type ReadableSpan,
  type Sampler,
  SimpleSpanProcessor,
  TracerProvider,
} from '@opentelemetry/sdk-trace';
import { fromSdk, type SeenSpan } from './spans.ts';

/** A tracer whose spans stay in memory, in the order in which they ended. */
export interface SpanRecorder {
  readonly tracer: Tracer;
  spans(): readonly SeenSpan[];
  /** As the SDK has them: with links and times. */
  raw(): readonly ReadableSpan[];
}

/** A recorder of its own for each test; nothing to close. */
export function spanRecorder(
  service = 'test',
  sampler: Sampler = new AlwaysOnSampler(),
): SpanRecorder {
  const exporter = new InMemorySpanExporter();
  const provider = new TracerProvider({
    resource: resourceFromAttributes({ 'service.name': service }),
    spanProcessors: [new SimpleSpanProcessor({ exporter })],
    sampler,
  });
  return {
    tracer: provider.getTracer('test'),
    spans: () => fromSdk(exporter.getFinishedSpans()),
    raw: () => exporter.getFinishedSpans(),
  };
}
