/**
 * The log's event at a position, for workers: a message only says where to look. Many
 * messages share one read.
 */

import type { BatchEndpoint } from '../../kit/batch/batch-endpoint.ts';
import { gathered } from '../../kit/batch/gather.ts';
import { background } from '../../kit/context.ts';
import { inProcessRetry } from '../../kit/middleware/onions.ts';
import { retry } from '../../kit/middleware/retry.ts';
import type { EventStore, RecordedEvent } from '../event-store.ts';
import { unsampled } from '../unsampled.ts';

export interface LoggedEvents {
  /**
   * The log's event at `position`; undefined if it has none there, or none yet. Answers come
   * in the order of the calls. Rejects with the event store's error after a few attempts.
   */
  at(position: bigint): Promise<RecordedEvent | undefined>;
}

/** Positions per read: more are in flight only if configured. */
const MAX_AT_ONCE = 500;

/** For one read with its repeats, in milliseconds. */
const READ_MS = 30_000;

/** Reads from `log`, one read at a time: calls during a read share the next one. */
export function loggedEvents(log: Pick<EventStore, 'read'>): LoggedEvents {
  const together: BatchEndpoint<bigint, RecordedEvent | undefined> = async (ctx, wanted) => {
    const positions = [...new Set(wanted)];
    const found = new Map<bigint, RecordedEvent>();
    // A page ends early if its events are large.
    for (let after: bigint | undefined = 0n; after !== undefined; ) {
      const page = await log.read(ctx, { positions, afterPosition: after, limit: MAX_AT_ONCE });
      for (const event of page.events) found.set(event.position, event);
      after = page.nextPosition;
    }
    return wanted.map((position) => found.get(position));
  };
  const at = gathered({
    together: retry(inProcessRetry)(together),
    most: MAX_AT_ONCE,
    timeoutMs: READ_MS,
  });
  // A read belongs to many requests, and to the trace of none.
  const ctx = unsampled(background());
  return { at: (position) => at(ctx, position) };
}
