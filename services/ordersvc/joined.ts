import { isKind } from '../../shared/kit/errors.ts';
import { unlessAborted } from '../../shared/kit/unless-aborted.ts';

/** What came of a piece of work, and whether another's was joined instead of beginning one's own. */
export interface Joined<T> {
  readonly value: T;
  readonly joined: boolean;
}

/**
 * Runs `begin`, unless work for the same key is under way: then its result, or
 * its failure, is everybody's. Work whose own caller went away is begun again by
 * one of those who waited. Nobody waits longer than `signal` says. Go's
 * `singleflight` is the idea.
 */
export type Join<T> = (
  key: string,
  signal: AbortSignal,
  begin: () => Promise<T>,
) => Promise<Joined<T>>;

export function createJoin<T>(): Join<T> {
  const underway = new Map<string, Promise<T>>();
  return async (key, signal, begin) => {
    for (let other = underway.get(key); other !== undefined; other = underway.get(key)) {
      try {
        return { value: await unlessAborted(other, signal), joined: true };
      } catch (error) {
        signal.throwIfAborted();
        if (!isKind(error, 'cancelled')) throw error;
      }
    }
    const own = begin().finally(() => underway.delete(key));
    underway.set(key, own);
    return { value: await own, joined: false };
  };
}
