import type { Attributes, Meter } from '@opentelemetry/api';
import type { Middleware } from '../endpoint.ts';
import { codedError } from '../errors.ts';

/** From half a millisecond to ten seconds, densest where answers should be. */
const bucketSeconds = [
  0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10,
];

/**
 * How many requests an endpoint answered, how, and how long it took: one
 * histogram, `endpoint_duration_seconds`, labelled by `endpoint` and by `code`
 * (`ok`, or the error's). Its `_count` is the number of requests, so there is
 * no counter beside it.
 */
export function instrumenting(meter: Meter, name: string): Middleware {
  const duration = meter.createHistogram('endpoint_duration_seconds', {
    description: 'How long endpoints took, by outcome.',
    advice: { explicitBucketBoundaries: bucketSeconds },
  });
  const ok: Attributes = { endpoint: name, code: 'ok' };
  return (next) => async (ctx, request) => {
    const began = performance.now();
    let attributes = ok;
    try {
      return await next(ctx, request);
    } catch (error) {
      attributes = { endpoint: name, code: codedError(error).code };
      throw error;
    } finally {
      duration.record((performance.now() - began) / 1000, attributes, ctx.telemetry);
    }
  };
}
