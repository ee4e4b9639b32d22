import type { DeadlineList } from '../../../shared/contracts/console.ts';
import { type Context, remaining } from '../../../shared/kit/context.ts';
import { CodedError } from '../../../shared/kit/errors.ts';
import { ANSWER_MS } from './parts-watch.ts';

/** The deadlines that are due first, as sagacoordinator shows them at its admin port. */
export type DeadlinesOf = (ctx: Context, limit: number) => Promise<DeadlineList>;

/** Asks at `url`; undefined: nobody can be asked. Rejects with `unavailable` (code `deadlines_away`). */
export const deadlinesAt =
  (url: string | undefined): DeadlinesOf =>
  async (ctx, limit) => {
    const away = (cause?: unknown) =>
      new CodedError('unavailable', 'deadlines_away', 'The saga coordinator does not answer.', {
        cause,
      });
    if (url === undefined) throw away();
    const within = AbortSignal.timeout(Math.min(ANSWER_MS, remaining(ctx, ANSWER_MS)));
    try {
      const response = await fetch(`${url}/deadlines?limit=${limit}`, {
        signal: AbortSignal.any([ctx.signal, within]),
      });
      if (!response.ok) throw new Error(`it answered ${response.status}`);
      return (await response.json()) as DeadlineList;
    } catch (cause) {
      ctx.signal.throwIfAborted();
      throw away(cause);
    }
  };
