import type { Middleware } from '../endpoint.ts';
import { codedError } from '../errors.ts';
import { frameMetrics } from '../metrics/frame-metrics.ts';
import type { Meter } from '../metrics/meter.ts';

/**
 * How many requests an endpoint answered, how, and how long it took: one
 * histogram, `endpoint_duration_seconds`, labelled by `endpoint` and by `code`
 * (`ok`, or the error's). Its `_count` is the number of requests, so there is
 * no counter beside it.
 */
export function instrumenting(meter: Meter, name: string): Middleware {
  const duration = meter.histogram(frameMetrics.endpointDuration);
  // No label has blanks.
  const endpoint = name.replaceAll(' ', '_');
  const ok = duration.with({ endpoint, code: 'ok' });
  return (next) => async (ctx, request) => {
    const began = performance.now();
    let series = ok;
    try {
      return await next(ctx, request);
    } catch (error) {
      series = duration.with({ endpoint, code: codedError(error).code });
      throw error;
    } finally {
      series.record((performance.now() - began) / 1000, ctx);
    }
  };
}
