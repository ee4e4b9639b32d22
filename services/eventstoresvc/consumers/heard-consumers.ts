/** When this process last heard of each consumer: a consumer that works asks for replays each second. */
export interface HeardConsumers {
  /** `consumer` has called. */
  hear(consumer: string): void;
  /** Milliseconds since then; undefined if it has not called this process. */
  silentMs(consumer: string): number | undefined;
}

/** The most names that are remembered: names are given by callers. */
const MOST = 1_000;

/** @param now in milliseconds, of a clock that nobody sets */
export function heardConsumers(now = () => performance.now()): HeardConsumers {
  const heardAt = new Map<string, number>();
  return {
    hear(consumer) {
      if (heardAt.size < MOST || heardAt.has(consumer)) heardAt.set(consumer, now());
    },
    silentMs(consumer) {
      const at = heardAt.get(consumer);
      return at === undefined ? undefined : Math.max(0, Math.round(now() - at));
    },
  };
}
