import { RateLimiterMemory, RateLimiterRes } from 'rate-limiter-flexible';
import type { Middleware } from '../endpoint.ts';
import { CodedError } from '../errors.ts';

export interface RateLimitOptions {
  /** Requests let through in each window: 1 or more. */
  readonly points: number;
  /** Length of a window in milliseconds. */
  readonly perMs: number;
}

/**
 * Lets `points` requests through in each window of `perMs`, and refuses the
 * rest at once with `rate_limited` and the time until the next window. One
 * budget for each endpoint it wraps, in this process; a refusal costs no point
 * of the next window.
 */
export function rateLimit({ points, perMs }: RateLimitOptions): Middleware {
  return (next) => {
    const limiter = new RateLimiterMemory({ points, duration: perMs / 1000 });
    return async (ctx, request) => {
      try {
        await limiter.consume('all');
      } catch (refusal) {
        // It refuses with a result, not with an error; anything else is a bug of ours.
        if (!(refusal instanceof RateLimiterRes)) throw refusal;
        throw new CodedError(
          'rate_limited',
          'rate_limited',
          'Too many requests at the moment; try again a little later.',
          { retryAfterMs: Math.max(1, Math.ceil(refusal.msBeforeNext)) },
        );
      }
      return next(ctx, request);
    };
  };
}
