import { decodeStored } from '../../../shared/eventstore/stored-message.ts';
import type { StreamMessage } from '../../../shared/kit/transport/jetstream/jetstream-consumer.ts';
import type { ObservedMessage } from './verdict.ts';

/** What must be known of a message to tell whether it is ours. */
export function observed(message: StreamMessage): ObservedMessage {
  const { sequence } = message;
  const eventId = message.headers?.get('Nats-Msg-Id') ?? '';
  try {
    return { sequence, eventId, ours: decodeStored(message).eventId === eventId };
  } catch {
    return { sequence, eventId, ours: false };
  }
}
