import type { EventStore, RecordedEvent } from '../../shared/eventstore/event-store.ts';
import { decodeStored, eventAt } from '../../shared/eventstore/stored-message.ts';
import type { Context } from '../../shared/kit/context.ts';
import { CodedError } from '../../shared/kit/errors.ts';
import type { StreamMessage } from '../../shared/kit/transport/jetstream/jetstream-consumer.ts';

/** Source and end of the events that the stream lacks. */
export type Log = Pick<EventStore, 'read' | 'head'>;

/**
 * The events of `messages`. A message that the relay did not publish occupies an
 * event's position, and the log has that event. If the log has none there, the result
 * ends before it, with at least one event; otherwise it rejects with `foreign_message`
 * (unavailable).
 */
export async function eventsOf(
  ctx: Context,
  log: Log,
  messages: readonly StreamMessage[],
): Promise<readonly RecordedEvent[]> {
  const events: RecordedEvent[] = [];
  for (const message of messages) {
    const event = decoded(message) ?? (await eventAt(ctx, log, message.sequence));
    if (event !== undefined) events.push(event);
    else if (events.length > 0) break;
    else {
      throw new CodedError(
        'unavailable',
        'foreign_message',
        `Message ${message.sequence} does not come from the event store, and the log has no event there.`,
      );
    }
  }
  return events;
}

/** Undefined for a message that the relay did not publish. */
function decoded(message: StreamMessage): RecordedEvent | undefined {
  try {
    return decodeStored(message);
  } catch {
    return undefined;
  }
}

/**
 * The log's events after `after` up to `until`, in pages of at most `limit`: for a
 * stream that begins after the position to read from.
 */
export async function* missingEvents(
  ctx: Context,
  log: Log,
  { after, until, limit }: { after: bigint; until: bigint; limit: number },
): AsyncGenerator<readonly RecordedEvent[], void, void> {
  let position = after;
  while (position < until) {
    const { events } = await log.read(ctx, { afterPosition: position, limit });
    const wanted = events.filter((event) => event.position <= until);
    const last = wanted.at(-1);
    if (last === undefined) return;
    position = last.position;
    yield wanted;
  }
}
