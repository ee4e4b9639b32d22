import { type Context, remaining } from '../context.ts';
import type { Endpoint, Middleware } from '../endpoint.ts';
import { CodedError } from '../errors.ts';

/**
 * Gives the endpoint `ms` milliseconds, or less if the context's own deadline is nearer;
 * then stops waiting and rejects with `deadline_exceeded`, whether or not the endpoint
 * heeds the abort. The endpoint finds the deadline and a signal in its context. If the
 * caller leaves first, it rejects with `cancelled`. A request whose time is already up, or
 * whose caller has left, is not started.
 */
export function timeout(ms: number): Middleware {
  return (next) => async (ctx, request) => {
    const givenMs = Math.min(ms, remaining(ctx, ms));
    if (givenMs <= 0) throw timedOut(0);
    if (ctx.signal.aborted) throw abandoned();
    return within(givenMs, ctx, (inner) => next(inner, request));
  };
}

/**
 * Does not abort when the endpoint returns: an abort would create an exception with a
 * stack for each request. Written by hand, because each request has one: a library's
 * policy took twice as long.
 */
function within<Response>(
  ms: number,
  ctx: Context,
  endpoint: (ctx: Context) => ReturnType<Endpoint<unknown, Response>>,
): Promise<Response> {
  return new Promise((resolve, reject) => {
    const attempt = new AbortController();
    const stop = (error: CodedError) => {
      unwatch();
      reject(error);
      attempt.abort(error);
    };
    // A caller whose own deadline passed has not left.
    const onAbort = () => stop(remaining(ctx, 1) > 0 ? abandoned() : timedOut(ms));
    const timer = setTimeout(() => stop(timedOut(ms)), ms);
    const unwatch = () => {
      clearTimeout(timer);
      ctx.signal.removeEventListener('abort', onAbort);
    };
    ctx.signal.addEventListener('abort', onAbort);
    endpoint({ ...ctx, signal: attempt.signal, deadline: performance.now() + ms }).then(
      (response) => {
        unwatch();
        resolve(response);
      },
      (error: unknown) => {
        unwatch();
        reject(error);
      },
    );
  });
}

function timedOut(ms: number): CodedError {
  return new CodedError('timeout', 'deadline_exceeded', `No answer within ${ms} ms.`);
}

function abandoned(): CodedError {
  return new CodedError('cancelled', 'cancelled', 'The caller disconnected.');
}
