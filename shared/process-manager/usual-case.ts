import type { RecordedEvent } from '../eventstore/event-store.ts';
import type { UsualCase } from '../kit/batch/followed-batch.ts';
import { isKind } from '../kit/errors.ts';
import type { GatheredWrites } from './gathered-writes.ts';
import type { Process } from './process.ts';
import { pastWaits } from './waits/past-waits.ts';
import { deadlineChange, waitsAfter } from './waits/waits.ts';

/**
 * The usual case of following `process`: an event after which the waits are known without
 * asking the store, and no command is due. Either the event alone tells them, or, while a long
 * log is read, all events of the aggregate that were read so far. The change of deadlines goes
 * to `writes`. An event that cannot be read is not usual. For one follower.
 */
export function usualCase<State, Command, Event, Kind extends string>(
  process: Process<State, Command, Event, Kind>,
  writes: Pick<GatheredWrites<Kind>, 'gather'>,
): UsualCase<RecordedEvent> {
  const past = pastWaits(process);

  return async (_ctx, { events, repeatsUpTo }) => {
    past.given(events.filter(({ position }) => position <= repeatsUpTo));
    /** Written after all events of an aggregate in this batch. */
    const together = new Map<string, Promise<boolean>>();
    const left = new Set<string>();

    return events.map((event) => {
      const { aggregateId, version, position } = event;
      const isPast = position <= repeatsUpTo;
      if (left.has(aggregateId)) return undefined;
      const known = isPast ? together.get(aggregateId) : undefined;
      if (known !== undefined) return known;
      const alone = waitsAfter(process, event);
      if (alone !== undefined && isReadable(process.codec, event)) {
        const isNew = version === 1n && !isPast;
        return writes.gather(deadlineChange(process, aggregateId, alone), isNew);
      }
      const told = isPast ? past.of(aggregateId) : undefined;
      if (told === undefined) {
        // What follows it in its aggregate goes behind it.
        left.add(aggregateId);
        return undefined;
      }
      const written = writes.gather(deadlineChange(process, aggregateId, told), false);
      together.set(aggregateId, written);
      return written;
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
