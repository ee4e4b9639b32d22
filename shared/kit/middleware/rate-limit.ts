import { setTimeout as delay } from 'node:timers/promises';
import type { Middleware } from '../endpoint.ts';
import { CodedError } from '../errors.ts';

export interface RateLimitOptions {
  /** Requests of one caller let through in each window: 1 or more. */
  readonly points: number;
  /** Length of a window in milliseconds. */
  readonly perMs: number;
  /** Default: refusals are answered at once, however many. */
  readonly hold?: HoldOptions;
  /** Milliseconds on a monotonic clock. Default: `performance.now()`. */
  readonly now?: () => number;
}

/** Which refusals are answered late: those of callers that come again without waiting. */
export interface HoldOptions {
  /** So many refusals of one caller in a window are answered at once. */
  readonly after: number;
  /** How long a further one is held at most, in milliseconds: until the window ends, or less. */
  readonly atMostMs: number;
  /** So many are held at once; beyond, they are answered at once, too. */
  readonly most: number;
}

/** So many callers have a budget at once; beyond, the one not seen for longest gets a new one. */
const MOST_CALLERS = 10_000;

interface Budget {
  left: number;
  ends: number;
  /** Refusals in this window. */
  refused: number;
}

/**
 * Lets `points` requests of each caller through in each window of `perMs`, and refuses the
 * rest at once with `rate_limited` and the time until the caller's next window. Callers are
 * told apart by `ctx.principal`, so a flood of one leaves the others theirs; work without a
 * principal has one budget together. One set of budgets for each endpoint it wraps, in this
 * process; a refusal costs no point of the next window. A window begins with the first
 * request after the last one.
 *
 * A caller that does not wait as it was told is held: its further refusals are answered when
 * the window ends. A flood that asks once more with each answer then asks seldom, and to
 * refuse it takes nothing from the others (a tarpit, as spam filters have it).
 */
export function rateLimit(options: RateLimitOptions): Middleware {
  const { points, perMs, hold, now = () => performance.now() } = options;
  return (next) => {
    const budgets = new Map<string, Budget>();
    let held = 0;

    function budgetOf(caller: string): Budget {
      const budget = budgets.get(caller) ?? { left: 0, ends: Number.NEGATIVE_INFINITY, refused: 0 };
      // To the end: the first is the one not seen for longest.
      budgets.delete(caller);
      budgets.set(caller, budget);
      const [oldest] = budgets.size > MOST_CALLERS ? budgets.keys() : [];
      if (oldest !== undefined) budgets.delete(oldest);
      return budget;
    }

    /** Ends early if the caller leaves, with the signal's reason. */
    async function wait(ms: number, signal: AbortSignal): Promise<void> {
      held++;
      try {
        await delay(ms, undefined, { signal });
      } catch {
        throw signal.reason;
      } finally {
        held--;
      }
    }

    return async (ctx, request) => {
      const at = now();
      const budget = budgetOf(ctx.principal?.share ?? '');
      if (at >= budget.ends) {
        budget.left = points;
        budget.ends = at + perMs;
        budget.refused = 0;
      }
      if (budget.left === 0) {
        const { ends } = budget;
        budget.refused++;
        if (hold !== undefined && budget.refused > hold.after && held < hold.most) {
          await wait(Math.min(ends - at, hold.atMostMs), ctx.signal);
        }
        throw limited(ends - now());
      }
      budget.left--;
      return next(ctx, request);
    };
  };
}

const limited = (waitMs: number) =>
  new CodedError('rate_limited', 'rate_limited', 'Too many requests; try again a little later.', {
    retryAfterMs: Math.max(1, Math.ceil(waitMs)),
  });
