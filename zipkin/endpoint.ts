import { SpanKind, type Tracer, trace } from '@opentelemetry/api';
import { withTelemetry } from '../shared/kit/context.ts';
import type { Middleware } from '../shared/kit/endpoint.ts';
import { endSpan, type Tags } from './span.ts';

/**
 * A span around an endpoint. `name` is the endpoint's and holds no ids; `tags` is for
 * those. It is called when the endpoint has answered (`response` is undefined if it
 * failed) and must not throw.
 */
export function traceEndpoint<In = unknown>(
  tracer: Tracer,
  name: string,
  tags: (request: In, response: unknown) => Tags = () => ({}),
): Middleware<In> {
  return (next) => async (ctx, request) => {
    const span = tracer.startSpan(name, { kind: SpanKind.INTERNAL }, ctx.telemetry);
    const inner = withTelemetry(ctx, trace.setSpan(ctx.telemetry, span));
    try {
      const response = await next(inner, request);
      endSpan(inner, undefined, tags(request, response));
      return response;
    } catch (error) {
      endSpan(inner, error, tags(request, undefined));
      throw error;
    }
  };
}
