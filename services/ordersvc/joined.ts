import { isKind } from '../../shared/kit/errors.ts';
import { unlessAborted } from '../../shared/kit/unless-aborted.ts';

/** The result of some work, and whether the caller joined work that another had begun. */
export interface Joined<T> {
  readonly value: T;
  readonly joined: boolean;
}

/**
 * Runs `begin`, unless work for the same key is under way: then all callers share its
 * result or its failure. If the caller who began it goes away, one of the waiting
 * callers begins it again. Each caller waits until `signal` at most. Like Go's
 * `singleflight`.
 */
export interface Join<T> {
  (key: string, signal: AbortSignal, begin: () => Promise<T>): Promise<Joined<T>>;
  /** The work for `key` that is under way, if any. */
  underway(key: string): Promise<T> | undefined;
}

export function createJoin<T>(): Join<T> {
  const underway = new Map<string, Promise<T>>();
  const join = async (
    key: string,
    signal: AbortSignal,
    begin: () => Promise<T>,
  ): Promise<Joined<T>> => {
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
  return Object.assign(join, { underway: (key: string) => underway.get(key) });
}
