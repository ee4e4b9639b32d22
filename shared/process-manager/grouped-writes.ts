/**
 * Group commit for deadlines: while one group of changes is being written the next one
 * gathers, so that many callers share the cost of a commit, as in the event log.
 */
import { background } from '../kit/context.ts';
import { isKind } from '../kit/errors.ts';
import type { Deadline, DeadlineKey, Deadlines } from './deadlines.ts';

/** A change of one aggregate's deadlines. */
export interface DeadlineChange<Kind extends string = string> {
  readonly put: readonly Deadline<Kind>[];
  readonly remove: readonly DeadlineKey<Kind>[];
}

export interface DeadlineWrites<Kind extends string = string> {
  /** Resolves when the change is committed; rejects with the table's error. May be repeated. */
  write(change: DeadlineChange<Kind>): Promise<void>;
}

interface Waiting<Kind extends string> {
  readonly change: DeadlineChange<Kind>;
  readonly settle: { resolve(): void; reject(error: unknown): void };
}

/** Changes in one group; a statement of so many rows is well under a megabyte. */
const MAX_GROUP = 1_000;

/**
 * Groups the writes of all callers. The queue has no limit of its own: callers wait for
 * the answer, and are limited. Deadlines are set before others are removed, so that a
 * crash in between leaves one too many, which finds nothing to do, and never one too few.
 */
export function groupedWrites<Kind extends string>(
  deadlines: Pick<Deadlines<Kind>, 'put' | 'remove'>,
): DeadlineWrites<Kind> {
  let queue: Waiting<Kind>[] = [];
  let running = false;

  async function run(): Promise<void> {
    while (queue.length > 0) {
      const group = queue.slice(0, MAX_GROUP);
      queue = queue.slice(MAX_GROUP);
      try {
        await commit(group.map(({ change }) => change));
        for (const { settle } of group) settle.resolve();
      } catch (error) {
        await oneByOne(group, error);
      }
    }
    running = false;
  }

  /** A change that the table refuses is one caller's problem; an outage is everybody's. */
  async function oneByOne(group: readonly Waiting<Kind>[], error: unknown): Promise<void> {
    const shared = group.length === 1 || isKind(error, 'unavailable', 'timeout', 'overloaded');
    for (const { change, settle } of group) {
      if (shared) settle.reject(error);
      else await commit([change]).then(settle.resolve, settle.reject);
    }
  }

  async function commit(changes: readonly DeadlineChange<Kind>[]): Promise<void> {
    const put = new Map<string, Deadline<Kind>>();
    const remove = new Map<string, DeadlineKey<Kind>>();
    for (const change of changes) {
      for (const key of change.remove) remove.set(nameOf(key), key);
      for (const deadline of change.put) {
        const name = nameOf(deadline);
        // Whatever is there is removed, and what is set here comes after it.
        if (remove.get(name)?.causedBy === undefined) remove.delete(name);
        put.set(name, deadline);
      }
    }
    const ctx = background();
    if (put.size > 0) await deadlines.put(ctx, sorted(put));
    if (remove.size > 0) await deadlines.remove(ctx, sorted(remove));
  }

  return {
    write: (change) =>
      new Promise((resolve, reject) => {
        queue.push({ change, settle: { resolve, reject } });
        if (running) return;
        running = true;
        // On the next turn, so that all calls of this turn go together.
        setImmediate(() => void run());
      }),
  };
}

const nameOf = ({ aggregateId, kind }: DeadlineKey): string => `${aggregateId} ${kind}`;

/** In the same order everywhere, so that instances rarely block each other. */
const sorted = <Key>(byName: ReadonlyMap<string, Key>): readonly Key[] =>
  [...byName].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, key]) => key);
