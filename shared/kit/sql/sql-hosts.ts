/**
 * Which of a database's hosts to try next. A pool shares one: where a connection found the
 * server that takes writes, the others look first.
 */
import type { SqlHost } from '../process/address/sql-url.ts';

export interface SqlHosts {
  readonly all: readonly SqlHost[];
  /**
   * Whether only a server that takes writes will do: then one that says it is a standby is
   * left, and no statement is cancelled. A commit that waits for a standby and is cancelled
   * counts, although the standby may never have it.
   */
  readonly writable: boolean;
  /** The index to try after `failed`, which did not do; without one, that of the host believed to do. */
  next(failed?: number): number;
  /** The host at `index` let us in, and is not a standby where that matters. */
  found(index: number): void;
  /** Whether another host than that at `index` was the last to be found, where only one takes writes. */
  moved(index: number): boolean;
  /** The host at `index` fell silent, closed a connection or refused one. */
  doubt(index: number): void;
}

/** Believes the first of `all`, until another is found. */
export function sqlHosts(all: readonly SqlHost[], writable: boolean): SqlHosts {
  let believed = 0;
  let lastFound: number | undefined;
  const after = (index: number) => (index + 1) % all.length;
  return {
    all,
    writable,
    next: (failed) => (failed === undefined ? believed : after(failed)),
    found: (index) => {
      believed = index;
      lastFound = index;
    },
    // A mere doubt must not cost the connections that work.
    moved: (index) => writable && lastFound !== undefined && lastFound !== index,
    doubt: (index) => {
      if (index === believed) believed = after(index);
    },
  };
}
