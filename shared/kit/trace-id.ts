import { isSpanContextValid, TraceFlags, trace } from '@opentelemetry/api';
import type { Context } from './context.ts';

/** Id of the trace that `ctx` belongs to, 32 hexadecimal digits; empty without a trace. */
export function traceId(ctx: Context): string {
  const span = trace.getSpanContext(ctx.telemetry);
  return span !== undefined && isSpanContextValid(span) ? span.traceId : '';
}

/** Whether the trace of `ctx` is recorded: only then is a span worth making. */
export function isSampled(ctx: Context): boolean {
  const flags = trace.getSpanContext(ctx.telemetry)?.traceFlags ?? TraceFlags.NONE;
  return (flags & TraceFlags.SAMPLED) !== 0;
}
