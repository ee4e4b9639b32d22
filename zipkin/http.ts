import { SpanKind, type Tracer, trace } from '@opentelemetry/api';
import { withTelemetry } from '../shared/kit/context.ts';
import type { Hook } from '../shared/kit/transport/hooks.ts';
import type { HttpExchange } from '../shared/kit/transport/http/exchange.ts';
import { extract } from './propagation.ts';
import { attributes, endSpan } from './span.ts';

/**
 * A SERVER span for each request, continuing the caller's `traceparent`, named by method
 * and route.
 *
 * @param tagOfParam route parameters by which to find a trace: parameter → tag
 */
export function httpServerTrace(
  tracer: Tracer,
  tagOfParam: Readonly<Record<string, string>> = {},
): Hook<HttpExchange> {
  return {
    before(ctx, http) {
      const parent = extract(ctx.telemetry, (key) => http.header(key));
      const params = Object.entries(http.params).map(([name, value]) => [tagOfParam[name], value]);
      const span = tracer.startSpan(
        // An unknown path must not create a span name: anybody could create millions.
        http.route === undefined ? http.method : `${http.method} ${http.route}`,
        {
          kind: SpanKind.SERVER,
          attributes: attributes({
            'http.request.method': http.method,
            'http.route': http.route,
            'url.path': http.path,
            ...Object.fromEntries(params.filter(([tag]) => tag !== undefined)),
          }),
        },
        parent,
      );
      return withTelemetry(ctx, trace.setSpan(parent, span));
    },
    after(ctx, _http, outcome) {
      endSpan(ctx, outcome.error, { 'http.response.status_code': String(outcome.status) });
    },
  };
}
