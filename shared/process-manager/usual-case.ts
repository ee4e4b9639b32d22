import type { RecordedEvent } from '../eventstore/event-store.ts';
import type { UsualCase } from '../kit/batch/followed-batch.ts';
import { isKind } from '../kit/errors.ts';
import type { GatheredWrites } from './gathered-writes.ts';
import type { Process } from './process.ts';
import { deadlineChange, waitsAfter } from './waits.ts';

/**
 * The usual case of following `process`: an event that alone tells the waits after it, and asks
 * for no command. Its change of deadlines goes to `writes`, and the store is not asked. An event
 * that cannot be read is not usual.
 */
export function usualCase<State, Command, Event, Kind extends string>(
  process: Pick<Process<State, Command, Event, Kind>, 'toldBy' | 'codec' | 'deadlines'>,
  writes: Pick<GatheredWrites<Kind>, 'gather'>,
): UsualCase<RecordedEvent> {
  return async (_ctx, { events, repeatsUpTo }) => {
    const left = new Set<string>();
    return events.map((event) => {
      const { aggregateId, version, position } = event;
      const told = left.has(aggregateId) ? undefined : waitsAfter(process, event);
      if (told !== undefined && isReadable(process.codec, event)) {
        const isNew = version === 1n && position > repeatsUpTo;
        return writes.gather(deadlineChange(process, aggregateId, told), isNew);
      }
      // What follows it in its aggregate goes behind it.
      left.add(aggregateId);
      return undefined;
    });
  };
}

function isReadable(
  codec: { readonly decode: (event: RecordedEvent) => unknown },
  event: RecordedEvent,
): boolean {
  try {
    return codec.decode(event) !== undefined;
  } catch (error) {
    if (isKind(error, 'invalid')) return false;
    throw error;
  }
}
