import { until } from '../until.ts';
import { getJson } from './request.ts';

/** What Zipkin holds of a trace. */
export interface TraceSize {
  readonly spans: number;
  readonly services: readonly string[];
}

interface Span {
  readonly localEndpoint?: { readonly serviceName?: string };
}

const TRACE_MS = 15_000;
// Longer than spans take to leave a service and be stored.
const SETTLED_MS = 1_500;

/** The trace once it has stopped growing; undefined when Zipkin has none in 15 seconds. */
export async function readTrace(
  zipkinUrl: string,
  traceId: string,
  signal: AbortSignal,
): Promise<TraceSize | undefined> {
  let before = 0;
  const settled = async () => {
    const spans = await getJson<readonly Span[]>(`${zipkinUrl}/api/v2/trace/${traceId}`);
    const grown = spans.length > before;
    before = spans.length;
    return grown ? undefined : spans;
  };
  const waiting = { what: 'trace', deadlineMs: TRACE_MS, everyMs: SETTLED_MS, signal };
  const spans = await until(settled, waiting).catch(() => undefined);
  signal.throwIfAborted();
  if (spans === undefined) return undefined;
  const names = spans.map((span) => span.localEndpoint?.serviceName ?? 'unknown');
  return { spans: spans.length, services: [...new Set(names)].toSorted() };
}
