import type { Context } from '../../shared/kit/context.ts';
import type { CodedError } from '../../shared/kit/errors.ts';

export interface WhileThereOptions {
  /** True while what the work needs is known to be away. */
  readonly away: () => boolean;
  /** How often it is asked, in milliseconds. */
  readonly everyMs: number;
  /** What the work fails with if it is away then. */
  readonly failure: () => CodedError;
}

/**
 * Waits for `work` as long as what it needs is there, however slow, until the context's
 * own deadline: on a busy machine, work that is given up and begun again is done twice.
 * If it is away at one of the questions, the work is aborted, and the result is `failure`.
 */
export async function whileThere<T>(
  ctx: Context,
  { away, everyMs, failure }: WhileThereOptions,
  work: (ctx: Context) => Promise<T>,
): Promise<T> {
  const own = new AbortController();
  let gaveUp: CodedError | undefined;
  const onAbort = () => own.abort(ctx.signal.reason);
  ctx.signal.addEventListener('abort', onAbort);
  if (ctx.signal.aborted) onAbort();
  const asking = setInterval(() => {
    if (!away()) return;
    gaveUp = failure();
    own.abort(gaveUp);
  }, everyMs);
  try {
    return await work({ ...ctx, signal: own.signal });
  } catch (error) {
    throw gaveUp ?? error;
  } finally {
    clearInterval(asking);
    ctx.signal.removeEventListener('abort', onAbort);
  }
}
