import { type TimeoutPolicy, TimeoutStrategy, timeout as timeoutPolicy } from 'cockatiel';
import { remaining } from '../context.ts';
import type { Middleware } from '../endpoint.ts';
import { CodedError } from '../errors.ts';

/**
 * Gives the endpoint `ms` milliseconds, or less if the context's own deadline is nearer;
 * then stops waiting and rejects with `deadline_exceeded`, whether or not the endpoint
 * heeds the abort. The endpoint finds the deadline and a signal in its context. If the
 * caller leaves first, it rejects with `cancelled`. A request whose time is already up is
 * not started.
 */
export function timeout(ms: number): Middleware {
  const whole = policy(ms);
  return (next) => async (ctx, request) => {
    const left = remaining(ctx, ms);
    if (left <= 0) throw timedOut(undefined, 0);
    const given = Math.min(ms, left);
    const deadline = performance.now() + given;
    let signal = ctx.signal;
    try {
      return await (given === ms ? whole : policy(given)).execute((attempt) => {
        signal = attempt.signal;
        return next({ ...ctx, signal, deadline }, request);
      }, ctx.signal);
    } catch (error) {
      // After an abort the endpoint's error says only that it noticed; it may come before
      // the policy's own error or after it.
      if (!signal.aborted) throw error;
      throw ctx.signal.aborted && remaining(ctx, 1) > 0 ? abandoned(error) : timedOut(error, given);
    }
  };
}

/**
 * Does not abort when the endpoint returns: an abort would create an exception with a
 * stack for each request.
 */
function policy(ms: number): TimeoutPolicy {
  return timeoutPolicy(ms, { strategy: TimeoutStrategy.Aggressive, abortOnReturn: false });
}

function timedOut(cause: unknown, ms: number): CodedError {
  return new CodedError('timeout', 'deadline_exceeded', `No answer within ${ms} ms.`, { cause });
}

function abandoned(cause: unknown): CodedError {
  return new CodedError('cancelled', 'cancelled', 'The caller disconnected.', { cause });
}
