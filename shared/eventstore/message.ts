/**
 * An event as a JetStream message: CloudEvents in binary mode, so that the
 * payload stays the bytes that were appended. One file for both directions, so
 * that what the relay writes is what the consumers read.
 */
import { headers, type MsgHdrs } from 'nats';
import { CodedError } from '../kit/errors.ts';
import type { RecordedEvent } from './event-store.ts';

const utf8 = { encode: new TextEncoder(), decode: new TextDecoder() };

/** Metadata key → header. Only what is named here travels. */
const metadataHeaders = {
  traceparent: 'traceparent',
  tracestate: 'tracestate',
  correlation_id: 'ce-correlationid',
  causation_id: 'ce-causationid',
  actor: 'ce-actor',
} as const;

const metadataEntries = Object.entries(metadataHeaders);

/**
 * The traceparent that the event was stored with; the message's own header has the relay's
 * span.
 */
const STORED_TRACEPARENT = 'ce-storedtraceparent';

export interface Message {
  readonly subject: string;
  readonly headers: MsgHdrs;
  readonly payload: Uint8Array;
}

/** Sets each header of `event`, in their order. */
function describe(event: RecordedEvent, set: (name: string, value: string) => void): void {
  set('Nats-Msg-Id', event.eventId);
  set('ce-specversion', '1.0');
  set('ce-id', event.eventId);
  set('ce-type', event.eventType);
  set('ce-source', `/eventstore/${event.stream}`);
  set('ce-subject', event.aggregateId);
  set('ce-time', event.createdAt.toISOString());
  set('ce-aggregatetype', event.aggregateType);
  set('ce-version', String(event.version));
  set('ce-position', String(event.position));
  if (event.data !== '') set('ce-datacontenttype', 'application/json');
  for (const [key, name] of metadataEntries) {
    const value = event.metadata[key];
    if (value !== undefined) set(name, value);
  }
  const { traceparent } = event.metadata;
  if (traceparent !== undefined) set(STORED_TRACEPARENT, traceparent);
}

/** The message that `event` is published as. */
export function encodeMessage(event: RecordedEvent): Message {
  const header = headers();
  describe(event, (name, value) => header.set(name, value));
  return { subject: event.eventType, headers: header, payload: utf8.encode.encode(event.data) };
}

/**
 * The headers of that message as text, as NATS has them on the wire, at a tenth of the cost.
 * `own` replaces headers of the event, or adds to them. Throws TypeError for a value that
 * would be two lines.
 */
export function headerText(event: RecordedEvent, own: Readonly<Record<string, string>>): string {
  let text = 'NATS/1.0\r\n';
  const set = (name: string, value: string) => {
    if (/[\r\n]/.test(value)) throw new TypeError(`The header ${name} would be two lines.`);
    text += `${name}: ${value.trim()}\r\n`;
  };
  describe(event, (name, value) => {
    if (!Object.hasOwn(own, name)) set(name, value);
  });
  for (const [name, value] of Object.entries(own)) set(name, value);
  return `${text}\r\n`;
}

/**
 * The event that a message carries. Throws CodedError `invalid` (code
 * `foreign_message`) for one that the relay did not publish.
 */
export function decodeMessage(message: {
  readonly subject: string;
  readonly headers?: MsgHdrs | undefined;
  readonly data: Uint8Array;
}): RecordedEvent {
  const get = (name: string): string => {
    const value = message.headers?.get(name) ?? '';
    if (value === '') {
      throw new CodedError(
        'invalid',
        'foreign_message',
        `A message on ${message.subject} has no header ${name}: it was not published by the event store.`,
      );
    }
    return value;
  };
  const metadata: Record<string, string> = {};
  for (const [key, name] of Object.entries(metadataHeaders)) {
    const value = message.headers?.get(name) ?? '';
    if (value !== '') metadata[key] = value;
  }
  // Older releases did not send it; then the relay's is used.
  const stored = message.headers?.get(STORED_TRACEPARENT) ?? '';
  if (stored !== '') metadata.traceparent = stored;
  return {
    eventId: get('ce-id'),
    eventType: message.subject,
    aggregateId: get('ce-subject'),
    aggregateType: get('ce-aggregatetype'),
    stream: get('ce-source').replace(/^\/eventstore\//, ''),
    version: BigInt(get('ce-version')),
    position: BigInt(get('ce-position')),
    createdAt: new Date(get('ce-time')),
    data: utf8.decode.decode(message.data),
    metadata,
  };
}
