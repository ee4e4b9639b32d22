import { isSpanContextValid, trace } from '@opentelemetry/api';
import type { Context } from './context.ts';

/** Id of the trace that `ctx` belongs to, 32 hexadecimal digits; empty without a trace. */
export function traceId(ctx: Context): string {
  const span = trace.getSpanContext(ctx.telemetry);
  return span !== undefined && isSpanContextValid(span) ? span.traceId : '';
}
