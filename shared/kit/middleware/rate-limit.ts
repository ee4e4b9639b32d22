import type { Middleware } from '../endpoint.ts';
import { CodedError } from '../errors.ts';

export interface RateLimitOptions {
  /** Requests of one caller let through in each window: 1 or more. */
  readonly points: number;
  /** Length of a window in milliseconds. */
  readonly perMs: number;
  /** Milliseconds on a monotonic clock. Default: `performance.now()`. */
  readonly now?: () => number;
}

/** So many callers have a budget at once; beyond, the one not seen for longest gets a new one. */
const MOST_CALLERS = 10_000;

interface Budget {
  left: number;
  ends: number;
}

/**
 * Lets `points` requests of each caller through in each window of `perMs`, and refuses the
 * rest at once with `rate_limited` and the time until the caller's next window. Callers are
 * told apart by `ctx.principal`, so a flood of one leaves the others theirs; work without a
 * principal has one budget together. One set of budgets for each endpoint it wraps, in this
 * process; a refusal costs no point of the next window. A window begins with the first
 * request after the last one.
 */
export function rateLimit(options: RateLimitOptions): Middleware {
  const { points, perMs, now = () => performance.now() } = options;
  return (next) => {
    const budgets = new Map<string, Budget>();

    function budgetOf(caller: string): Budget {
      const budget = budgets.get(caller) ?? { left: 0, ends: Number.NEGATIVE_INFINITY };
      // To the end: the first is the one not seen for longest.
      budgets.delete(caller);
      budgets.set(caller, budget);
      const [oldest] = budgets.size > MOST_CALLERS ? budgets.keys() : [];
      if (oldest !== undefined) budgets.delete(oldest);
      return budget;
    }

    return async (ctx, request) => {
      const at = now();
      const budget = budgetOf(ctx.principal?.share ?? '');
      if (at >= budget.ends) {
        budget.left = points;
        budget.ends = at + perMs;
      }
      if (budget.left === 0) throw limited(budget.ends - at);
      budget.left--;
      return next(ctx, request);
    };
  };
}

const limited = (waitMs: number) =>
  new CodedError('rate_limited', 'rate_limited', 'Too many requests; try again a little later.', {
    retryAfterMs: Math.max(1, Math.ceil(waitMs)),
  });
