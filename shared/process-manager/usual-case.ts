import type { RecordedEvent } from '../eventstore/event-store.ts';
import type { UsualCase } from '../kit/batch/followed-batch.ts';
import { isKind } from '../kit/errors.ts';
import type { GatheredWrites } from './gathered-writes.ts';
import type { Process } from './process.ts';
import { stepOf } from './step.ts';
import { deadlineChange, foldWaits, type Waits, waitsAfter } from './waits.ts';

/**
 * The usual case of following `process`: an event after which the waits are known without
 * asking the store, and no command is due. Either the event alone tells them, or the batch has
 * all events of the aggregate so far, as while a long log is read. The change of deadlines goes
 * to `writes`. An event that cannot be read is not usual.
 */
export function usualCase<State, Command, Event, Kind extends string>(
  process: Process<State, Command, Event, Kind>,
  writes: Pick<GatheredWrites<Kind>, 'gather'>,
): UsualCase<RecordedEvent> {
  return async (_ctx, { events, repeatsUpTo }) => {
    /** The change after all of an aggregate's events of this batch. */
    const whole = new Map<string, Promise<boolean>>();
    const left = new Set<string>();
    let byAggregate: Map<string, RecordedEvent[]> | undefined;

    /** The waits after the batch, if it has the aggregate from its first event on. */
    function toldTogether(aggregateId: string): Waits<Kind> | undefined {
      byAggregate ??= Map.groupBy(events, (event) => event.aggregateId);
      const own = byAggregate.get(aggregateId) ?? [];
      const isWhole = own.every(({ version }, index) => version === BigInt(index + 1));
      if (!isWhole || !own.every((event) => isReadable(process.codec, event))) return undefined;
      const folded = foldWaits(process, own);
      const { command } = stepOf(process, folded.state, { type: 'event' }, aggregateId);
      return command === undefined ? folded : undefined;
    }

    return events.map((event) => {
      const { aggregateId, version, position } = event;
      if (left.has(aggregateId)) return undefined;
      const known = whole.get(aggregateId);
      if (known !== undefined) return known;
      const isNew = version === 1n && position > repeatsUpTo;
      const alone = waitsAfter(process, event);
      if (alone !== undefined && isReadable(process.codec, event)) {
        return writes.gather(deadlineChange(process, aggregateId, alone), isNew);
      }
      const told = toldTogether(aggregateId);
      if (told === undefined) {
        // What follows it in its aggregate goes behind it.
        left.add(aggregateId);
        return undefined;
      }
      const written = writes.gather(deadlineChange(process, aggregateId, told), isNew);
      whole.set(aggregateId, written);
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
