import type { Middleware } from '../endpoint.ts';
import { CodedError } from '../errors.ts';
import { type AtOnce, atOnceByPace } from './at-once.ts';

export interface FairShareOptions {
  /** How many may be under way at once, shared among the callers while there are several. Default `atOnceByPace`. */
  readonly atOnce?: () => AtOnce;
  /** Requests of one caller that wait for their turn; more are refused. Default 1,000. */
  readonly mostWaiting?: number;
  /** Milliseconds on a monotonic clock. Default: `performance.now()`. */
  readonly now?: () => number;
}

/** A caller is reckoned with for so long after its last request, in milliseconds: most send one now and then. */
const PRESENT_MS = 2_000;

interface Caller {
  underWay: number;
  /** Resumes those that wait, the oldest first. */
  readonly waiting: Set<() => void>;
  seenAt: number;
}

/**
 * Keeps the requests of one caller from slowing down those of another: of who has its share
 * under way, a further request waits until an earlier one is answered, while who has less
 * goes on at once. A caller that is alone has no limit. Callers are told apart by
 * `ctx.principal`; work without one is of one caller. One queue for each endpoint it wraps,
 * in this process. A wait ends with the context's signal; belongs inside a timeout.
 *
 * The idea is fair queuing (Nagle, RFC 970), by requests under way in place of packets: what
 * a request costs is known only afterwards.
 */
export function fairShare(options: FairShareOptions): Middleware {
  const { atOnce = atOnceByPace, mostWaiting = 1_000, now = () => performance.now() } = options;
  return (next) => {
    const limit = atOnce();
    /** The one not seen for longest first. */
    const callers = new Map<string, Caller>();

    function seen(name: string): Caller {
      const caller = callers.get(name) ?? { underWay: 0, waiting: new Set(), seenAt: 0 };
      caller.seenAt = now();
      callers.delete(name);
      callers.set(name, caller);
      forget(caller.seenAt);
      return caller;
    }

    function forget(atMs: number): void {
      for (const [name, caller] of callers) {
        if (atMs - caller.seenAt < PRESENT_MS) return;
        // Who has requests under way is moved to the end by their answers.
        if (caller.underWay > 0) caller.seenAt = atMs;
        callers.delete(name);
        if (caller.underWay > 0) callers.set(name, caller);
      }
    }

    /** However many callers there are, each may have one under way. */
    const share = () =>
      callers.size < 2
        ? Number.POSITIVE_INFINITY
        : Math.max(1, Math.floor(limit.current() / callers.size));

    /** As many of those that wait as the share has room for. */
    function admit(caller: Caller): void {
      for (const resume of caller.waiting) {
        if (caller.underWay >= share()) return;
        caller.waiting.delete(resume);
        caller.underWay++;
        resume();
      }
    }

    /** Undefined if it is there already: a promise costs turns of the loop. */
    function turn(caller: Caller, signal: AbortSignal): Promise<void> | undefined {
      if (caller.waiting.size === 0 && caller.underWay < share()) {
        caller.underWay++;
        return undefined;
      }
      limit.reached();
      if (caller.waiting.size >= mostWaiting) throw tooManyWait(mostWaiting);
      return new Promise((resolve, reject) => {
        const resume = () => {
          signal.removeEventListener('abort', leave);
          resolve();
        };
        const leave = () => {
          caller.waiting.delete(resume);
          reject(signal.reason);
        };
        caller.waiting.add(resume);
        signal.addEventListener('abort', leave, { once: true });
      });
    }

    return async (ctx, request) => {
      ctx.signal.throwIfAborted();
      const caller = seen(ctx.principal?.share ?? '');
      const wait = turn(caller, ctx.signal);
      if (wait !== undefined) await wait;
      const began = now();
      try {
        return await next(ctx, request);
      } finally {
        limit.answered(now() - began, now());
        caller.underWay--;
        admit(caller);
      }
    };
  };
}

const tooManyWait = (most: number) =>
  new CodedError(
    'rate_limited',
    'too_many_waiting',
    `${most} of your requests wait for their turn already. This one was not begun; try again a little later.`,
    { retryAfterMs: 1_000 },
  );
