/**
 * Messages as stored in the stream, and the log's event in place of one that the relay
 * did not publish.
 */
import type { Context } from '../kit/context.ts';
import { CodedError } from '../kit/errors.ts';
import type { StreamMessage } from '../kit/transport/jetstream/jetstream-consumer.ts';
import type { EventStore, RecordedEvent } from './event-store.ts';
import { decodeMessage, encodeMessage } from './message.ts';

/**
 * The event that `message` carries. Throws CodedError `invalid` (code `foreign_message`)
 * also if the message's position in the stream is not its event's in the log.
 */
export function decodeStored(message: StreamMessage): RecordedEvent {
  const event = decodeMessage(message);
  if (event.position === message.sequence) return event;
  throw new CodedError(
    'invalid',
    'foreign_message',
    `Message ${message.sequence} carries the event of position ${event.position}.`,
  );
}

/** The log's event at `position`; undefined if it has none there. Rejects as `read` does. */
export async function eventAt(
  ctx: Context,
  log: Pick<EventStore, 'read'>,
  position: bigint,
): Promise<RecordedEvent | undefined> {
  const { events } = await log.read(ctx, { afterPosition: position - 1n, limit: 1 });
  return events[0]?.position === position ? events[0] : undefined;
}

/** Whether a message's event equals the log's; its trace may differ. */
export function isSame(logged: RecordedEvent, { metadata: _, ...said }: RecordedEvent): boolean {
  return (Object.keys(said) as (keyof typeof said)[]).every((key) =>
    key === 'createdAt'
      ? logged.createdAt.getTime() === said.createdAt.getTime()
      : logged[key] === said[key],
  );
}

/** `event` as the message that belongs in the stream. */
export function asStored(event: RecordedEvent): StreamMessage {
  const { subject, headers, payload } = encodeMessage(event);
  return { subject, sequence: event.position, headers, data: payload };
}
