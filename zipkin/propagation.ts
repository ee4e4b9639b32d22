/** W3C Trace Context (https://www.w3.org/TR/trace-context/), read and written explicitly. */
import {
  createTraceState,
  isSpanContextValid,
  type Context as TelemetryContext,
  TraceFlags,
  trace,
} from '@opentelemetry/api';

import { type Context, withTelemetry } from '../shared/kit/context.ts';

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
  const state = get('tracestate');
  const context = {
    traceId,
    spanId,
    traceFlags: Number.parseInt(flags ?? '0', 16) & TraceFlags.SAMPLED,
    isRemote: true,
    ...(state !== undefined &&
      state.length <= MAX_TRACESTATE_LENGTH && { traceState: createTraceState(state) }),
  };
  return isSpanContextValid(context) ? trace.setSpanContext(telemetry, context) : telemetry;
}

/** `ctx` in the trace of a stored `traceparent`; unchanged if that is empty or malformed. */
export function continueTrace(ctx: Context, traceparent: string): Context {
  const get = (key: string) => (key === 'traceparent' ? traceparent : undefined);
  return withTelemetry(ctx, extract(ctx.telemetry, get));
}

/** The headers by which another process continues the trace of `telemetry`; empty if it is in none. */
export function inject(telemetry: TelemetryContext): { traceparent?: string; tracestate?: string } {
  const span = trace.getSpanContext(telemetry);
  if (span === undefined || !isSpanContextValid(span)) return {};
  const flags = span.traceFlags.toString(16).padStart(2, '0');
  const tracestate = span.traceState?.serialize() ?? '';
  return {
    traceparent: `00-${span.traceId}-${span.spanId}-${flags}`,
    ...(tracestate !== '' && { tracestate }),
  };
}
