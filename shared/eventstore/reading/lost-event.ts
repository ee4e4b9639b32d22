import { CodedError } from '../../kit/errors.ts';
import type { RecordedEvent } from '../event-store.ts';

/**
 * Throws `unavailable` (code `event_lost`) unless `recorded`, the events of an aggregate, has
 * the event with this id. A worker that was handed an event of the log, and no longer finds it,
 * works on a log that was restored to an older state: whatever it would conclude from what is
 * left is wrong as soon as the event is written back, and it would not be asked again.
 */
export function mustHave(recorded: readonly RecordedEvent[], eventId: string): void {
  if (recorded.some((event) => event.eventId === eventId)) return;
  throw new CodedError(
    'unavailable',
    'event_lost',
    `The log had the event ${eventId} and has lost it, as after a restore to an older state. It is asked for again: recover the log.`,
  );
}
