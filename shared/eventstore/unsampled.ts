import { randomBytes } from 'node:crypto';
import { TraceFlags, trace } from '@opentelemetry/api';
import { type Context, withTelemetry } from '../kit/context.ts';

/**
 * `ctx` in its own unsampled trace, for polling that belongs to no request. Otherwise
 * Zipkin would show little else.
 */
export function unsampled(ctx: Context): Context {
  const spanContext = {
    traceId: randomBytes(16).toString('hex'),
    spanId: randomBytes(8).toString('hex'),
    traceFlags: TraceFlags.NONE,
  };
  return withTelemetry(ctx, trace.setSpanContext(ctx.telemetry, spanContext));
}
