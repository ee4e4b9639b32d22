import { background, type Context, causedBy, withSignal } from '../../../context.ts';
import type { IncomingMessage } from './jetstream-wire.ts';
import type { StreamMessage } from './pulled-message.ts';

/** A message as hooks see it. */
export function incoming(message: StreamMessage, durable: string): IncomingMessage {
  return {
    subject: message.subject,
    sequence: message.sequence,
    durable,
    header: (name) => message.headers?.get(name) || undefined,
  };
}

/** Id of the message: the event's id, from CloudEvents or NATS; its sequence if it has neither. */
export const messageId = (wire: IncomingMessage) =>
  wire.header('ce-id') ?? wire.header('Nats-Msg-Id') ?? `${wire.sequence}`;

/** The context for serving a message: its submission's correlation, and the message as the cause. */
export function contextOf(wire: IncomingMessage, signal: AbortSignal): Context {
  return causedBy(withSignal(background(), signal), {
    correlationId: wire.header('ce-correlationid'),
    eventId: messageId(wire),
  });
}
