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
  /**
   * The result or the failure of the work for `key` that is under way; undefined if there is
   * none, or if the caller who began it went away and nobody begins it again. Waits until
   * `signal` at most.
   */
  underway(key: string, signal: AbortSignal): Promise<T | undefined>;
}

export function createJoin<T>(): Join<T> {
  const underway = new Map<string, Promise<T>>();
  /** Undefined if who began `other` went away, which says nothing to those who wait for it. */
  async function shared(
    other: Promise<T>,
    signal: AbortSignal,
  ): Promise<{ readonly value: T } | undefined> {
    try {
      return { value: await unlessAborted(other, signal) };
    } catch (error) {
      signal.throwIfAborted();
      if (!isKind(error, 'cancelled')) throw error;
      return undefined;
    }
  }
  const join = async (
    key: string,
    signal: AbortSignal,
    begin: () => Promise<T>,
  ): Promise<Joined<T>> => {
    for (let other = underway.get(key); other !== undefined; other = underway.get(key)) {
      const found = await shared(other, signal);
      if (found !== undefined) return { ...found, joined: true };
    }
    const own = begin().finally(() => underway.delete(key));
    underway.set(key, own);
    return { value: await own, joined: false };
  };
  return Object.assign(join, {
    underway: async (key: string, signal: AbortSignal) => {
      for (let other = underway.get(key); other !== undefined; other = underway.get(key)) {
        const found = await shared(other, signal);
        if (found !== undefined) return found.value;
      }
      return undefined;
    },
  });
}
