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

/** Identity of the message: the event's id, by CloudEvents or by NATS; its sequence where it has neither. */
export const messageId = (wire: IncomingMessage) =>
  wire.header('ce-id') ?? wire.header('Nats-Msg-Id') ?? `${wire.sequence}`;

/** The context that a message is served in: a submission's correlation, caused by the message. */
export function contextOf(wire: IncomingMessage, signal: AbortSignal): Context {
  return causedBy(withSignal(background(), signal), {
    correlationId: wire.header('ce-correlationid'),
    eventId: messageId(wire),
  });
}
