/** Rows as they are folded in a rebuild, with the latest of them at hand. */
import type { OrderEventCodec } from '../../shared/contracts/events.ts';
import type { RecordedEvent } from '../../shared/eventstore/event-store.ts';
import { type FoldedBatch, foldBatch } from './batch.ts';
import type { OrderRow } from './order-row.ts';

/** Folds chunk after chunk. An order's next event mostly comes soon, so few rows are looked up. */
export interface ChunkFold {
  /** The rows that the chunk changes; those that are not at hand come from `lookUp`. */
  fold(
    events: readonly RecordedEvent[],
    lookUp: (orderIds: readonly string[]) => Promise<ReadonlyMap<string, OrderRow>>,
  ): Promise<FoldedBatch>;
}

/** Characters of rows that are kept at hand. */
const MOST_KEPT = 32_000_000;

/** Nothing at hand yet. */
export function createChunkFold(codec: OrderEventCodec, mostKept = MOST_KEPT): ChunkFold {
  /** In the order of their last change. */
  const kept = new Map<string, OrderRow>();
  let size = 0;

  function keep(row: OrderRow): void {
    const before = kept.get(row.orderId);
    if (before !== undefined) size -= sizeOf(before);
    kept.delete(row.orderId);
    kept.set(row.orderId, row);
    size += sizeOf(row);
    for (const [id, oldest] of kept) {
      if (size <= mostKept) break;
      kept.delete(id);
      size -= sizeOf(oldest);
    }
  }

  return {
    async fold(events, lookUp) {
      const known = new Map<string, OrderRow>();
      const unknown = new Set<string>();
      for (const { aggregateId, version } of events) {
        if (known.has(aggregateId) || unknown.has(aggregateId)) continue;
        const row = kept.get(aggregateId);
        if (row !== undefined) known.set(aggregateId, row);
        // Before an aggregate's first event there is no row. One that is there all
        // the same was written ahead of the place, and comes again with what follows.
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
