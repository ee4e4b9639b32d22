import type { Middleware } from '../endpoint.ts';
import { CodedError } from '../errors.ts';
import { type AtOnce, atOnceByPace } from './at-once.ts';

export interface FairShareOptions {
  /** How many may be under way at once while there are several callers. Default `atOnceByPace`. */
  readonly atOnce?: () => AtOnce;
  /** Requests of one caller that wait for their turn; more are refused. Default 1,000. */
  readonly mostWaiting?: number;
  /** Milliseconds on a monotonic clock. Default: `performance.now()`. */
  readonly now?: () => number;
}

/** Another caller is expected again for so long after its last request, in milliseconds. */
const PRESENT_MS = 60_000;
/** So many callers are known at once; beyond, the one not seen for longest is forgotten. */
const MOST_CALLERS = 10_000;

interface Caller {
  underWay: number;
  /** Resumes those that wait, the oldest first. */
  readonly waiting: Set<() => void>;
  seenAt: number;
}

/**
 * Keeps the requests of one caller from slowing down those of another. While there are
 * several callers, a request goes on at once if few enough are under way in all, or if its
 * own caller has less than an equal share of them; otherwise it waits. So a flood has what
 * the others leave, and who asks seldom does not wait behind it. A caller that is alone has
 * no limit. Callers are told apart by `ctx.principal`; work without one is of one caller.
 * One queue for each endpoint it wraps, in this process. A wait ends with the context's
 * signal; belongs inside a timeout.
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
    /** Those with requests under way or waiting. */
    const busy = new Set<Caller>();
    /** Those with waiting requests; whose turn is next comes first. */
    const turns = new Set<Caller>();
    let underWay = 0;

    function seen(name: string): Caller {
      const caller = callers.get(name) ?? { underWay: 0, waiting: new Set(), seenAt: 0 };
      caller.seenAt = now();
      callers.delete(name);
      callers.set(name, caller);
      for (const [oldest, { seenAt }] of callers) {
        if (callers.size <= MOST_CALLERS && caller.seenAt - seenAt < PRESENT_MS) break;
        callers.delete(oldest);
      }
      return caller;
    }

    /** However many callers there are, each may have one under way. */
    function mayGo(caller: Caller): boolean {
      const alone = callers.size < 2 && busy.size <= (busy.has(caller) ? 1 : 0);
      if (alone || underWay < limit.current()) return true;
      const several = busy.size + (busy.has(caller) ? 0 : 1);
      return caller.underWay < Math.max(1, Math.floor(limit.current() / several));
    }

    function begin(caller: Caller): void {
      busy.add(caller);
      caller.underWay++;
      underWay++;
    }

    function end(caller: Caller): void {
      caller.underWay--;
      underWay--;
      if (caller.underWay === 0 && caller.waiting.size === 0) busy.delete(caller);
      // Each in its turn, as long as somebody may go on.
      for (const one of turns) {
        if (!mayGo(one)) continue;
        turns.delete(one);
        const [resume] = one.waiting;
        if (resume === undefined) continue;
        one.waiting.delete(resume);
        if (one.waiting.size > 0) turns.add(one);
        begin(one);
        resume();
      }
    }

    /** Undefined if it is there already: a promise costs turns of the loop. */
    function turn(caller: Caller, signal: AbortSignal): Promise<void> | undefined {
      if (caller.waiting.size === 0 && mayGo(caller)) {
        begin(caller);
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
          if (caller.waiting.size === 0) turns.delete(caller);
          if (caller.waiting.size === 0 && caller.underWay === 0) busy.delete(caller);
          reject(signal.reason);
        };
        caller.waiting.add(resume);
        turns.add(caller);
        busy.add(caller);
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
        const response = await next(ctx, request);
        // A refusal is quick, and says nothing of the pace.
        limit.answered(now() - began, now());
        return response;
      } finally {
        end(caller);
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
