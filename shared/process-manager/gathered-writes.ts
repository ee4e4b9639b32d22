/**
 * Deadlines of a process that follows the log gather for a while before they are written: what
 * is set and cleared meanwhile costs no statement, and an aggregate that begins and ends
 * meanwhile costs none at all.
 */
import type { Deadline, DeadlineKey } from './deadlines.ts';
import type { DeadlineChange, DeadlineWrites } from './grouped-writes.ts';

export interface GatheredWrites<Kind extends string = string> extends DeadlineWrites<Kind> {
  /**
   * Takes a change that may wait. Resolves with true when it is committed, or needs no
   * statement any more; with false if it could not be written, and then its event must be
   * followed once more. Never rejects.
   *
   * @param isNew the aggregate begins here and was never followed before, so the table has no
   * row of it
   */
  gather(change: DeadlineChange<Kind>, isNew: boolean): Promise<boolean>;
}

/** What is to be written about one aggregate. Counts are ticks of the clock below. */
interface Gathering<Kind extends string> {
  /** The table has no row of the aggregate: nothing need be removed. */
  readonly isNew: boolean;
  readonly put: Map<Kind, { readonly deadline: Deadline<Kind>; readonly since: number }>;
  readonly remove: Map<string, { readonly key: DeadlineKey<Kind>; readonly since: number }>;
  readonly waiting: { resolve(): void; reject(error: unknown): void }[];
  /** When it was last touched. */
  touched: number;
}

/** The clock ticks so often in a window: what waits is written within one and a half windows. */
const TICKS = 2;

/**
 * Gathers over `writes`, for `windowMs` at least and half as long again at most; 0: writes at
 * once. What `write` is given never waits, and takes with it what waits of the same aggregate.
 * The callers bound how much waits. Nothing to close: what waits is written soon.
 */
export function gatheredWrites<Kind extends string>(
  writes: DeadlineWrites<Kind>,
  windowMs: number,
): GatheredWrites<Kind> {
  const gathering = new Map<string, Gathering<Kind>>();
  let now = 0;
  let ticking = false;

  function gatheringOf(aggregateId: string, isNew: boolean): Gathering<Kind> {
    const known = gathering.get(aggregateId);
    if (known !== undefined) return known;
    const own = { isNew, put: new Map(), remove: new Map(), waiting: [], touched: now };
    gathering.set(aggregateId, own);
    return own;
  }

  /** A change replaces what waited of the same kind. */
  function add({ isNew, put, remove }: Gathering<Kind>, change: DeadlineChange<Kind>): void {
    for (const key of change.remove) {
      const { kind, causedBy = put.get(kind)?.deadline.causedBy } = key;
      if (put.get(kind)?.deadline.causedBy === causedBy) put.delete(kind);
      const name = nameOf(key);
      if (!isNew) remove.set(name, { key, since: remove.get(name)?.since ?? now });
    }
    for (const deadline of change.put) {
      const { kind } = deadline;
      remove.delete(nameOf({ kind }));
      put.set(kind, { deadline, since: put.get(kind)?.since ?? now });
    }
  }

  /** Never rejects. */
  async function flush(aggregateId: string): Promise<void> {
    const own = gathering.get(aggregateId);
    gathering.delete(aggregateId);
    if (own === undefined) return;
    try {
      if (!isEmpty(own)) {
        await writes.write({
          put: [...own.put.values()].map(({ deadline }) => deadline),
          remove: [...own.remove.values()].map(({ key }) => key),
        });
      }
      for (const { resolve } of own.waiting) resolve();
    } catch (error) {
      for (const { reject } of own.waiting) reject(error);
    }
  }

  function tick(): void {
    now++;
    for (const [aggregateId, own] of gathering) {
      // Begun between two ticks, it has been there for a whole window only after one more.
      if (now - oldest(own) > TICKS) void flush(aggregateId);
    }
    ticking = gathering.size > 0;
    if (ticking) setTimeout(tick, windowMs / TICKS);
  }

  function wait(own: Gathering<Kind>): Promise<void> {
    return new Promise((resolve, reject) => {
      own.waiting.push({ resolve, reject });
    });
  }

  return {
    gather(change, isNew) {
      const aggregateId = aggregateOf(change);
      if (aggregateId === undefined) return Promise.resolve(true);
      const own = gatheringOf(aggregateId, isNew);
      own.touched = now;
      add(own, change);
      const written = wait(own).then(
        () => true,
        () => false,
      );
      if (windowMs === 0) void flush(aggregateId);
      // It stays for a while: that the table has no row of it spares later removals.
      else if (isEmpty(own)) for (const { resolve } of own.waiting.splice(0)) resolve();
      if (!ticking && gathering.size > 0) {
        ticking = true;
        setTimeout(tick, windowMs / TICKS);
      }
      return written;
    },

    write(change) {
      const aggregateId = aggregateOf(change);
      const own = aggregateId === undefined ? undefined : gathering.get(aggregateId);
      if (aggregateId === undefined || own === undefined) return writes.write(change);
      add(own, change);
      const written = wait(own);
      void flush(aggregateId);
      return written;
    },
  };
}

const aggregateOf = ({ put, remove }: DeadlineChange): string | undefined =>
  (put[0] ?? remove[0])?.aggregateId;

const nameOf = ({ kind, causedBy = '' }: Pick<DeadlineKey, 'kind' | 'causedBy'>): string =>
  `${kind} ${causedBy}`;

const isEmpty = ({ put, remove }: Gathering<string>): boolean => put.size + remove.size === 0;

function oldest({ put, remove, touched }: Gathering<string>): number {
  let least = Number.POSITIVE_INFINITY;
  for (const { since } of put.values()) least = Math.min(least, since);
  for (const { since } of remove.values()) least = Math.min(least, since);
  return least === Number.POSITIVE_INFINITY ? touched : least;
}
