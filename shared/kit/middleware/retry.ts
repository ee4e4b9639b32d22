import { ExponentialBackoff, handleWhen, retry as retryPolicy } from 'cockatiel';
import { type Context, remaining } from '../context.ts';
import type { Middleware } from '../endpoint.ts';
import { isMachineryFailure } from '../errors.ts';

export interface RetryOptions {
  /** Calls in total, including the first: 1 or more. */
  readonly attempts: number;
  /** About how long the first pause is, in milliseconds; later ones double. */
  readonly initialDelayMs: number;
  /** The longest pause, in milliseconds. */
  readonly maxDelayMs: number;
}

/**
 * Calls the endpoint again after a technical failure, with growing, jittered pauses, so
 * that callers that failed together do not return together (decorrelated jitter, as in
 * Polly). It never repeats an answer. Rejects with the last failure when the attempts are
 * used up, and when the context is aborted or its deadline passes; an abort ends a pause
 * at once. A pause does not keep the process alive. For endpoints that may be repeated.
 */
export function retry({ attempts, initialDelayMs, maxDelayMs }: RetryOptions): Middleware {
  const policy = retryPolicy(
    handleWhen((error) => !(error instanceof GivenUp) && isMachineryFailure(error)),
    {
      maxAttempts: attempts - 1,
      backoff: new ExponentialBackoff({ initialDelay: initialDelayMs, maxDelay: maxDelayMs }),
    },
  ).dangerouslyUnref(); // else the timer of a pause that was given up would hold the process
  return (next) => (ctx, request) =>
    new Promise((resolve, reject) => {
      let failure: unknown;
      let pausing = false;
      // The policy sleeps through an abort; its next attempt is then no longer wanted.
      const onAbort = () => {
        if (pausing) reject(failure);
      };
      const attempt = async () => {
        if (pausing) {
          pausing = false;
          if (isOver(ctx)) throw new GivenUp();
        }
        try {
          return await next(ctx, request);
        } catch (error) {
          if (failure === undefined) ctx.signal.addEventListener('abort', onAbort);
          failure = error;
          pausing = true;
          throw error;
        }
      };
      policy
        .execute(attempt, ctx.signal)
        .then(resolve, (error: unknown) => reject(error instanceof GivenUp ? failure : error))
        .finally(() => ctx.signal.removeEventListener('abort', onAbort));
    });
}

/** Tells the policy to stop; never leaves this file. */
class GivenUp extends Error {}

function isOver(ctx: Context): boolean {
  return ctx.signal.aborted || remaining(ctx, 1) === 0;
}
