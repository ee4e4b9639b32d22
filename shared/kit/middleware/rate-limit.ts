import type { Middleware } from '../endpoint.ts';
import { CodedError } from '../errors.ts';

export interface RateLimitOptions {
  /** Requests let through in each window: 1 or more. */
  readonly points: number;
  /** Length of a window in milliseconds. */
  readonly perMs: number;
  /** Milliseconds on a monotonic clock. Default: `performance.now()`. */
  readonly now?: () => number;
}

/**
 * Lets `points` requests through in each window of `perMs`, and refuses the
 * rest at once with `rate_limited` and the time until the next window. One
 * budget for each endpoint it wraps, in this process; a refusal costs no point
 * of the next window. A window begins with the first request after the last one.
 */
export function rateLimit(options: RateLimitOptions): Middleware {
  const { points, perMs, now = () => performance.now() } = options;
  return (next) => {
    let left = 0;
    let ends = Number.NEGATIVE_INFINITY;
    return async (ctx, request) => {
      const at = now();
      if (at >= ends) {
        left = points;
        ends = at + perMs;
      }
      if (left === 0) throw limited(ends - at);
      left--;
      return next(ctx, request);
    };
  };
}

const limited = (waitMs: number) =>
  new CodedError('rate_limited', 'rate_limited', 'Too many requests; try again a little later.', {
    retryAfterMs: Math.max(1, Math.ceil(waitMs)),
  });
