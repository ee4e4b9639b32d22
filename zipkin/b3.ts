/** Zipkin's own headers (https://github.com/openzipkin/b3-propagation), as older callers and meshes send them. */
import {
  INVALID_SPANID,
  INVALID_TRACEID,
  type Context as TelemetryContext,
  TraceFlags,
  trace,
} from '@opentelemetry/api';

/** Trace id, span id, and perhaps the decision and the span above. */
const single = /^([\da-f]{32}|[\da-f]{16})-([\da-f]{16})(?:-([01d]))?(?:-[\da-f]{16})?$/;
const traceIds = /^(?:[\da-f]{32}|[\da-f]{16})$/;
const spanIds = /^[\da-f]{16}$/;

/** What both forms say. */
interface Said {
  readonly traceId: string;
  readonly spanId: string;
  readonly leftOut: boolean;
}

/**
 * `telemetry` continuing the trace that the header `b3` names, or else `x-b3-traceid` and the
 * like; `get` reads a header by its lower-case name. Ids of 64 bits get zeros in front. Who
 * sends ids and leaves the decision open wants the trace kept, if we keep it. Missing and
 * malformed values are ignored, and so is a decision without ids: `telemetry` is returned
 * unchanged.
 */
export function extractB3(
  telemetry: TelemetryContext,
  get: (key: string) => string | undefined,
): TelemetryContext {
  const said = inOne(get('b3')) ?? inSeveral(get);
  if (said === undefined) return telemetry;
  const [traceId, spanId] = [said.traceId.padStart(32, '0'), said.spanId];
  if (traceId === INVALID_TRACEID || spanId === INVALID_SPANID) return telemetry;
  const traceFlags = said.leftOut ? TraceFlags.NONE : TraceFlags.SAMPLED;
  return trace.setSpanContext(telemetry, { traceId, spanId, traceFlags, isRemote: true });
}

function inOne(header: string | undefined): Said | undefined {
  const [, traceId, spanId, decision] = single.exec(header?.trim() ?? '') ?? [];
  if (traceId === undefined || spanId === undefined) return undefined;
  return { traceId, spanId, leftOut: decision === '0' };
}

function inSeveral(get: (key: string) => string | undefined): Said | undefined {
  const traceId = get('x-b3-traceid')?.trim() ?? '';
  const spanId = get('x-b3-spanid')?.trim() ?? '';
  if (!traceIds.test(traceId) || !spanIds.test(spanId)) return undefined;
  // Early implementations wrote it as a word. The flag 1 is "debug", which outweighs it.
  const refused = ['0', 'false'].includes(get('x-b3-sampled')?.trim().toLowerCase() ?? '');
  return { traceId, spanId, leftOut: refused && get('x-b3-flags')?.trim() !== '1' };
}
