import { METHODS } from 'node:http';
import { codedError } from '../../../errors.ts';
import { frameMetrics } from '../../../metrics/frame-metrics.ts';
import type { Meter } from '../../../metrics/meter.ts';
import type { Hook } from '../../hooks.ts';
import type { HttpExchange } from '../exchange.ts';

const known = new Set(METHODS);

/**
 * `hook`, and how long each request took, refused ones included. Labels are bounded: an
 * unknown method is `_OTHER`, and a path that is not served has no route.
 */
export function measuringRequests(hook: Hook<HttpExchange>, meter: Meter): Hook<HttpExchange> {
  const duration = meter.histogram(frameMetrics.httpServerDuration);
  const began = new WeakMap<HttpExchange, number>();
  return {
    before(ctx, http) {
      began.set(http, performance.now());
      return hook.before(ctx, http);
    },
    after(ctx, http, outcome) {
      const since = began.get(http);
      if (since !== undefined) {
        const labels = {
          'http.request.method': known.has(http.method) ? http.method : '_OTHER',
          'http.route': http.route,
          'http.response.status_code': outcome.status,
          'error.type': outcome.error === undefined ? undefined : codedError(outcome.error).code,
        };
        duration.with(labels).record((performance.now() - since) / 1_000, ctx);
      }
      hook.after(ctx, http, outcome);
    },
  };
}
