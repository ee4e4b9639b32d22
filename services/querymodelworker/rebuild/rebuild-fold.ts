/** Folds rows during a rebuild, with recently used rows cached. */
import type { OrderEventCodec } from '../../../shared/contracts/events.ts';
import type { RecordedEvent } from '../../../shared/eventstore/event-store.ts';
import { type FoldedBatch, foldBatch } from '../table/batch.ts';
import type { OrderRow } from '../table/order-row.ts';

/** Folds chunk after chunk. An order's next event usually comes soon, so few rows are looked up. */
export interface ChunkFold {
  /** The rows that the chunk changes; `lookUp` provides the ones that are not cached. */
  fold(
    events: readonly RecordedEvent[],
    lookUp: (orderIds: readonly string[]) => Promise<ReadonlyMap<string, OrderRow>>,
  ): Promise<FoldedBatch>;
}

/** Size of the cached rows, in characters. */
const MOST_KEPT = 32_000_000;

/** Starts with an empty cache. */
export function createChunkFold(codec: OrderEventCodec, mostKept = MOST_KEPT): ChunkFold {
  // Two generations: rows not used since the older one filled up are dropped. Exact LRU
  // order would leave holes at the map's front, and every iteration would pass them.
  let young = new Map<string, OrderRow>();
  let old = new Map<string, OrderRow>();
  let size = 0;

  function keep(row: OrderRow): void {
    if (!young.has(row.orderId)) size += sizeOf(row);
    young.set(row.orderId, row);
    if (size <= mostKept / 2) return;
    old = young;
    young = new Map();
    size = 0;
  }

  return {
    async fold(events, lookUp) {
      const known = new Map<string, OrderRow>();
      const unknown = new Set<string>();
      for (const { aggregateId, version } of events) {
        if (known.has(aggregateId) || unknown.has(aggregateId)) continue;
        const row = young.get(aggregateId) ?? old.get(aggregateId);
        if (row !== undefined) known.set(aggregateId, row);
        // Before an aggregate's first event there is no row. One that exists anyway was
        // written ahead of the rebuild's place, and the next events produce it again.
        else if (version > 1n) unknown.add(aggregateId);
      }
      if (unknown.size > 0) {
        for (const [id, row] of await lookUp([...unknown])) known.set(id, row);
      }
      const folded = foldBatch(codec, known, events);
      for (const row of folded.changed.values()) keep(row);
      return folded;
    },
  };
}

export const sizeOf = (row: OrderRow): number => row.items.length + (row.reason?.length ?? 0) + 500;
