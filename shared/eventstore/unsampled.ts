import { randomBytes } from 'node:crypto';
import { TraceFlags, trace } from '@opentelemetry/api';
import { type Context, withTelemetry } from '../kit/context.ts';

/**
 * `ctx` in a trace of its own that is not sampled: for what is asked again and
 * again and belongs to no request. Zipkin would show little else.
 */
export function unsampled(ctx: Context): Context {
  const spanContext = {
    traceId: randomBytes(16).toString('hex'),
    spanId: randomBytes(8).toString('hex'),
    traceFlags: TraceFlags.NONE,
  };
  return withTelemetry(ctx, trace.setSpanContext(ctx.telemetry, spanContext));
}
