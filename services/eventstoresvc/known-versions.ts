/**
 * Versions that are known to be in the log, so that the database need not look
 * for the predecessor of each event: whoever continues an aggregate mostly does
 * so soon after this process wrote what it continues. Nothing is ever removed
 * from the log, so what was there once is there.
 */
export interface KnownVersions {
  has(aggregate: string, version: bigint): boolean;
  /** This version and all before it are in the log. */
  add(aggregate: string, version: bigint): void;
  /** Where it is no longer certain that the log is the one that was written to. */
  clear(): void;
}

/** Aggregates that are remembered, those that were met last: some megabytes. */
export const MAX_AGGREGATES = 20_000;

export function createKnownVersions(): KnownVersions {
  const last = new Map<string, bigint>();
  return {
    has: (aggregate, version) => version <= (last.get(aggregate) ?? 0n),
    add: (aggregate, version) => {
      last.set(aggregate, version);
      if (last.size <= MAX_AGGREGATES) return;
      for (const oldest of last.keys()) {
        last.delete(oldest);
        break;
      }
    },
    clear: () => last.clear(),
  };
}
