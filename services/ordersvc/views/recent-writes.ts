/** The versions of the orders that this process wrote last, so that it never shows an older one. */
export interface RecentWrites {
  /** Notes that `orderId` is at `version`, at least. */
  remember(orderId: string, version: bigint): void;
  /** The newest version written here; 0n where it is not known, or not any more. */
  version(orderId: string): bigint;
}

/**
 * Remembers `capacity` orders and forgets the one written longest ago first. By
 * the time it does, the read model should have it: at 2,000 orders a second the
 * default holds 25 seconds of writes, in about 5 MB.
 */
export function createRecentWrites(capacity = 50_000): RecentWrites {
  // A Map keeps the order of insertion, so its first key is the oldest.
  const versions = new Map<string, bigint>();
  return {
    remember: (orderId, version) => {
      const known = versions.get(orderId) ?? 0n;
      versions.delete(orderId);
      versions.set(orderId, version > known ? version : known);
      if (versions.size <= capacity) return;
      const oldest = versions.keys().next();
      if (!oldest.done) versions.delete(oldest.value);
    },
    version: (orderId) => versions.get(orderId) ?? 0n,
  };
}
