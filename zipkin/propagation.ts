/** W3C Trace Context (https://www.w3.org/TR/trace-context/), read and written explicitly. */
import {
  createTraceState,
  INVALID_SPANID,
  INVALID_TRACEID,
  type Context as TelemetryContext,
  TraceFlags,
  trace,
} from '@opentelemetry/api';

import { type Context, withTelemetry } from '../shared/kit/context.ts';
import { extractB3 } from './b3.ts';

export { traceId } from '../shared/kit/trace-id.ts';

/** Version, trace id, parent id, flags; later versions may have more after that. */
const pattern = /^([\da-f]{2})-([\da-f]{32})-([\da-f]{16})-([\da-f]{2})(-.*)?$/;

/** The length that the specification asks every participant to pass on. */
const MAX_TRACESTATE_LENGTH = 512;

/**
 * `telemetry` continuing the incoming trace: `get` reads a header or the like by its
 * lower-case name. Missing or malformed values are ignored, as the specification says,
 * and `telemetry` is returned unchanged.
 */
export function extract(
  telemetry: TelemetryContext,
  get: (key: string) => string | undefined,
): TelemetryContext {
  const [, version, traceId, spanId, flags, more] =
    pattern.exec(get('traceparent')?.trim() ?? '') ?? [];
  if (version === undefined || traceId === undefined || spanId === undefined) return telemetry;
  if (version === 'ff' || (version === '00' && more !== undefined)) return telemetry;
  if (traceId === INVALID_TRACEID || spanId === INVALID_SPANID) return telemetry;
  const state = get('tracestate');
  const context = {
    traceId,
    spanId,
    traceFlags: Number.parseInt(flags ?? '0', 16) & TraceFlags.SAMPLED,
    isRemote: true,
    ...(state !== undefined &&
      state.length <= MAX_TRACESTATE_LENGTH && { traceState: createTraceState(state) }),
  };
  return trace.setSpanContext(telemetry, context);
}

/**
 * The same for a request from outside, whose sender may know Zipkin's `b3` headers only: they
 * are read where no `traceparent` came.
 */
export function extractOfCaller(
  telemetry: TelemetryContext,
  get: (key: string) => string | undefined,
): TelemetryContext {
  return get('traceparent') === undefined ? extractB3(telemetry, get) : extract(telemetry, get);
}

/** `ctx` in the trace of a stored `traceparent`; unchanged if that is empty or malformed. */
export function continueTrace(ctx: Context, traceparent: string): Context {
  const get = (key: string) => (key === 'traceparent' ? traceparent : undefined);
  return withTelemetry(ctx, extract(ctx.telemetry, get));
}

/**
 * Writes, by `set`, the headers by which another process continues the trace of `telemetry`;
 * nothing if it is in none.
 */
export function inject(
  telemetry: TelemetryContext,
  set: (key: 'traceparent' | 'tracestate', value: string) => void,
): void {
  const span = trace.getSpanContext(telemetry);
  if (span === undefined || span.traceId === INVALID_TRACEID) return;
  const flags = (span.traceFlags & TraceFlags.SAMPLED) === 0 ? '00' : '01';
  set('traceparent', `00-${span.traceId}-${span.spanId}-${flags}`);
  const tracestate = span.traceState?.serialize() ?? '';
  if (tracestate !== '') set('tracestate', tracestate);
}
