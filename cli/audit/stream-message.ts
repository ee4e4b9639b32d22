/** Whether a message of the stream is the log's event as the relay publishes it. Pure. */
import type { MsgHdrs } from 'nats';
import type { RecordedEvent } from '../../shared/eventstore/event-store.ts';
import { encodeMessage } from '../../shared/eventstore/message.ts';
import type { Fault } from './report.ts';

/** A message of the stream, as far as it is compared. */
export interface PublishedMessage {
  readonly sequence: bigint;
  readonly subject: string;
  readonly headers: MsgHdrs | undefined;
  readonly data: Uint8Array;
}

export interface Difference {
  readonly fault: Fault;
  readonly message: string;
}

/** All that the relay writes; the conditions that it publishes on stay with the message. */
const WRITTEN = /^(nats-msg-id|nats-expected-[a-z-]+|ce-[a-z]+|traceparent|tracestate)$/i;
const CONDITIONS = /^nats-expected-/i;
/** The relay continues the event's trace with a span of its own, and tracestate goes with it. */
const TRACE = ['traceparent', 'tracestate'];

const utf8 = new TextDecoder();

/**
 * What is wrong with `message`, which stands where `event` should. A message that
 * the relay cannot have made of any event is wrong by itself. One that it can
 * have made, but not of this row of the log, differs: one of the two was changed.
 */
export function difference(
  event: RecordedEvent,
  message: PublishedMessage,
): Difference | undefined {
  const foreign = foreignness(message);
  if (foreign !== undefined) return { fault: 'wrong', message: foreign };
  const expected = encodeMessage(event);
  const differs = (text: string): Difference => ({ fault: 'differs', message: text });
  if (message.subject !== expected.subject) {
    return differs(`has the subject ${message.subject}, the log ${expected.subject}`);
  }
  for (const name of expected.headers.keys()) {
    const [has, wanted] = [headerOf(message.headers, name), expected.headers.get(name).trim()];
    const same = name === 'traceparent' ? traceOf(has) === traceOf(wanted) : has === wanted;
    if (!same && name !== 'tracestate') {
      return differs(`has the ${name} ${has || 'that is empty'}, the log ${wanted}`);
    }
  }
  const more = message.headers
    ?.keys()
    .find((name) => !TRACE.includes(name) && !CONDITIONS.test(name) && !expected.headers.has(name));
  if (more !== undefined) {
    return differs(`has the ${more} ${headerOf(message.headers, more)}, the log none`);
  }
  if (Buffer.compare(message.data, expected.payload) === 0) return undefined;
  return differs(`carries other data than the log: ${short(message.data)}`);
}

/** The order that `message` says it is of; undefined where it says none. */
export const orderOf = ({ headers }: PublishedMessage): string | undefined =>
  headerOf(headers, 'ce-subject') || undefined;

/** Why no event of any log can have been published so; undefined where one can. */
function foreignness({ subject, headers, sequence }: PublishedMessage): string | undefined {
  const get = (name: string) => headerOf(headers, name);
  if (get('ce-id') === '') return 'is not of the event store: it has no ce-id';
  for (const [name, other, wanted] of [
    ['Nats-Msg-Id', 'its ce-id', get('ce-id')],
    ['ce-type', 'its subject', subject],
    ['ce-position', 'its sequence', String(sequence)],
    ['ce-specversion', 'always', '1.0'],
  ] as const) {
    if (get(name) !== wanted) {
      return `contradicts itself: its ${name} is ${get(name) || 'missing'}, ${other} ${wanted}`;
    }
  }
  const stranger = headers?.keys().find((name) => !WRITTEN.test(name));
  return stranger && `has a header that the event store never writes: ${stranger}`;
}

/** Empty where there is none. */
const headerOf = (headers: MsgHdrs | undefined, name: string): string =>
  (headers?.get(name) ?? '').trim();

const traceOf = (traceparent: string): string => traceparent.slice(3, 35);

function short(data: Uint8Array): string {
  const text = utf8.decode(data.subarray(0, 121));
  return text.length > 120 ? `${text.slice(0, 120)}…` : text || 'none';
}
