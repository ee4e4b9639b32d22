import { randomBytes } from 'node:crypto';
import { ROOT_CONTEXT, SpanKind, TraceFlags, type Tracer, trace } from '@opentelemetry/api';
import { withTelemetry } from '../shared/kit/context.ts';
import type { Hook } from '../shared/kit/transport/hooks.ts';
import type { HttpExchange } from '../shared/kit/transport/http/exchange.ts';
import { extractOfCaller } from './propagation.ts';
import { spanHook } from './span-hook.ts';

export interface HttpTraceOptions {
  /** Route parameters by which to find a trace: parameter → tag. */
  readonly tagOfParam?: Readonly<Record<string, string>>;
  /**
   * Whether a caller's `traceparent`, or else its `b3` headers, are continued and their flag heeded
   * (default). Otherwise each request begins a trace of its own, with a link to the caller's, and the sampler decides.
   */
  readonly trusted?: boolean;
  /** The share of requests without a route that have spans, from 0 to 1 (default). */
  readonly refusalShare?: number;
}

/**
 * A SERVER span for each request, named by method and route. Here the sampler decides about the
 * whole trace. What is refused before it has a route, such as bytes that are no HTTP or a
 * connection on which nothing is said, anybody can cause without end: such requests all have a
 * trace id, but only a share of them spans.
 */
export function httpServerTrace(
  tracer: Tracer,
  { tagOfParam = {}, trusted = true, refusalShare = 1 }: HttpTraceOptions = {},
): Hook<HttpExchange> {
  const hook = spanHook<HttpExchange>(tracer, {
    kind: SpanKind.SERVER,
    edge: true,
    parent: (telemetry, http) =>
      trusted ? extractOfCaller(telemetry, (key) => http.header(key)) : telemetry,
    links(_parent, http) {
      const context = trusted ? undefined : callersSpan(http);
      return context === undefined ? [] : [{ context }];
    },
    // An unknown path must not create a span name: anybody could create millions.
    name: ({ method, route }) => (route === undefined ? method : `${method} ${route}`),
    tags(http) {
      const params = Object.entries(http.params).map(([name, value]) => [tagOfParam[name], value]);
      return {
        'http.request.method': http.method,
        'http.route': http.route,
        'url.path': http.path,
        // Zipkin knows no links.
        'caller.trace_id': trusted ? undefined : callersSpan(http)?.traceId,
        ...Object.fromEntries(params.filter(([tag]) => tag !== undefined)),
      };
    },
    result: ({ status }) => ({ 'http.response.status_code': String(status) }),
  });
  const callersSpan = (http: HttpExchange) =>
    trace.getSpanContext(extractOfCaller(ROOT_CONTEXT, (key) => http.header(key)));
  return {
    before(ctx, http) {
      if (http.route !== undefined || Math.random() < refusalShare) return hook.before(ctx, http);
      const [traceId, spanId] = [randomBytes(16), randomBytes(8)].map((id) => id.toString('hex'));
      const context = { traceId: traceId ?? '', spanId: spanId ?? '', traceFlags: TraceFlags.NONE };
      return withTelemetry(ctx, trace.setSpanContext(ctx.telemetry, context));
    },
    after: hook.after,
  };
}
