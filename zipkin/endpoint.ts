import { SpanKind, type Tracer, trace } from '@opentelemetry/api';
import { withTelemetry } from '../shared/kit/context.ts';
import type { Middleware } from '../shared/kit/endpoint.ts';
import { endSpan, leftOut, type Tags } from './span.ts';

/**
 * A span around an endpoint, except in a trace that was left out. `name` is the endpoint's
 * and holds no ids; `tags` is for those. It is called when the endpoint has answered
 * (`response` is undefined if it failed) and must not throw.
 */
export function traceEndpoint<In = unknown>(
  tracer: Tracer,
  name: string,
  tags?: (request: In, response: unknown) => Tags,
): Middleware<In> {
  const options = { kind: SpanKind.INTERNAL };
  return (next) => {
    const traced: typeof next = async (ctx, request) => {
      const span = tracer.startSpan(name, options, ctx.telemetry);
      const inner = withTelemetry(ctx, trace.setSpan(ctx.telemetry, span));
      try {
        const response = await next(inner, request);
        if (span.isRecording()) endSpan(span, undefined, tags?.(request, response));
        return response;
      } catch (error) {
        if (span.isRecording()) endSpan(span, error, tags?.(request, undefined));
        throw error;
      }
    };
    return (ctx, request) => (leftOut(ctx.telemetry) ? next : traced)(ctx, request);
  };
}
