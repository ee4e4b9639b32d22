import { setTimeout as sleep } from 'node:timers/promises';
import type { Context } from '../../kit/context.ts';
import { isMachineryFailure } from '../../kit/errors.ts';
import type { EventFilter, RecordedEvent } from '../event-store.ts';

/** Between attempts, at most, in milliseconds; full jitter. */
const MAX_PAUSE_MS = 1_000;

/**
 * A read that survives lost connections: another continues after the last event that
 * arrived, so none is missed or repeated. It ends if the log no longer has that event there.
 * It tries until `ctx.signal` is aborted; then it rejects. Other errors, such as a refused
 * filter, end it at once.
 */
export async function* resuming(
  ctx: Context,
  filter: EventFilter,
  connect: (filter: EventFilter) => AsyncIterable<readonly RecordedEvent[]>,
): AsyncGenerator<readonly RecordedEvent[], void, undefined> {
  let { afterPosition = 0n, afterEventId } = filter;
  for (let failures = 0; ; failures++) {
    try {
      for await (const events of connect({
        ...filter,
        afterPosition,
        ...(afterEventId !== undefined && { afterEventId }),
      })) {
        failures = 0;
        const last = events.at(-1);
        if (last !== undefined) ({ position: afterPosition, eventId: afterEventId } = last);
        yield events;
      }
    } catch (error) {
      if (ctx.signal.aborted || !isMachineryFailure(error)) throw error;
    }
    const pauseMs = Math.random() * Math.min(MAX_PAUSE_MS, 20 * 2 ** Math.min(failures, 6));
    await sleep(pauseMs, undefined, { signal: ctx.signal });
  }
}
