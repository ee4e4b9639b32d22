/**
 * The log's event at a position, for workers: a message only says where to look. Many
 * messages share one read.
 */
import { background, type Context } from '../../kit/context.ts';
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

interface Waiting {
  readonly position: bigint;
  resolve(event: RecordedEvent | undefined): void;
  reject(error: unknown): void;
}

/** Positions per read: more are in flight only if configured. */
const MAX_AT_ONCE = 500;

/**
 * Reads from `log`, one read at a time: calls during a read share the next one. The queue
 * has no bound of its own, because its callers wait and are bounded.
 */
export function loggedEvents(log: Pick<EventStore, 'read'>): LoggedEvents {
  let queue: Waiting[] = [];
  let running = false;

  const read = retry(inProcessRetry)(
    async (ctx: Context, positions: readonly bigint[]): Promise<Map<bigint, RecordedEvent>> => {
      const found = new Map<bigint, RecordedEvent>();
      // A page ends early if its events are large.
      for (let after: bigint | undefined = 0n; after !== undefined; ) {
        const page = await log.read(ctx, { positions, afterPosition: after, limit: MAX_AT_ONCE });
        for (const event of page.events) found.set(event.position, event);
        after = page.nextPosition;
      }
      return found;
    },
  );

  async function run(): Promise<void> {
    while (queue.length > 0) {
      const together = queue.slice(0, MAX_AT_ONCE);
      queue = queue.slice(MAX_AT_ONCE);
      try {
        const positions = new Set(together.map(({ position }) => position));
        const found = await read(unsampled(background()), [...positions]);
        for (const { position, resolve } of together) resolve(found.get(position));
      } catch (error) {
        for (const { reject } of together) reject(error);
      }
    }
    running = false;
  }

  return {
    at: (position) =>
      new Promise((resolve, reject) => {
        queue.push({ position, resolve, reject });
        if (running) return;
        running = true;
        // On the next turn, so that all calls of this turn go together.
        setImmediate(() => void run());
      }),
  };
}
