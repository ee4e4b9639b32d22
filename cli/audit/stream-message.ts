/** Compares a message of the stream with the log's event as the relay publishes it. Pure. */
import type { MsgHdrs } from 'nats';
import type { RecordedEvent } from '../../shared/eventstore/event-store.ts';
import { encodeMessage } from '../../shared/eventstore/message.ts';
import type { Fault } from './report.ts';

/** The compared part of a message of the stream. */
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

/** All headers that the relay writes; the conditions of its publish stay with the message. */
const WRITTEN = /^(nats-msg-id|nats-expected-[a-z-]+|ce-[a-z]+|traceparent|tracestate)$/i;
const CONDITIONS = /^nats-expected-/i;
/** The relay continues the event's trace with its own span, and passes tracestate on. */
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
  const found = valuesOf(message.headers);
  const foreign = foreignness(message, found);
  if (foreign !== undefined) return { fault: 'wrong', message: foreign };
  const expected = encodeMessage(event);
  const differs = (text: string): Difference => ({ fault: 'differs', message: text });
  if (message.subject !== expected.subject) {
    return differs(`has the subject ${message.subject}, the log ${expected.subject}`);
  }
  const wanted = valuesOf(expected.headers);
  for (const [name, value] of wanted) {
    const has = found.get(name) ?? '';
    const same = name === 'traceparent' ? traceOf(has) === traceOf(value) : has === value;
    if (!same && name !== 'tracestate') {
      return differs(`has the ${name} ${has || 'that is empty'}, the log ${value}`);
    }
  }
  for (const [name, value] of found) {
    if (wanted.has(name) || TRACE.includes(name) || CONDITIONS.test(name)) continue;
    return differs(`has the ${name} ${value}, the log none`);
  }
  if (Buffer.compare(message.data, expected.payload) === 0) return undefined;
  return differs(`carries other data than the log: ${short(message.data)}`);
}

/** The order that `message` names; undefined if it names none. */
export const orderOf = ({ headers }: PublishedMessage): string | undefined =>
  headers?.get('ce-subject') || undefined;

/** Why no log's event can have been published like this; undefined if one can. */
function foreignness(
  { subject, sequence }: PublishedMessage,
  found: ReadonlyMap<string, string>,
): string | undefined {
  const id = found.get('ce-id') ?? '';
  if (id === '') return 'is not of the event store: it has no ce-id';
  for (const [name, other, wanted] of [
    ['Nats-Msg-Id', 'its ce-id', id],
    ['ce-type', 'its subject', subject],
    ['ce-position', 'its sequence', String(sequence)],
    ['ce-specversion', 'always', '1.0'],
  ] as const) {
    const has = found.get(name) ?? '';
    if (has === wanted) continue;
    return `contradicts itself: its ${name} is ${has || 'missing'}, ${other} ${wanted}`;
  }
  for (const name of found.keys()) {
    if (!WRITTEN.test(name)) return `has a header that the event store never writes: ${name}`;
  }
  return undefined;
}

/** Each header's value; the client's own lookup searches all of them. */
function valuesOf(headers: MsgHdrs | undefined): ReadonlyMap<string, string> {
  const values = new Map<string, string>();
  for (const [name, all] of headers ?? []) values.set(name, all.join(', ').trim());
  return values;
}

const traceOf = (traceparent: string): string => traceparent.slice(3, 35);

function short(data: Uint8Array): string {
  const text = utf8.decode(data.subarray(0, 121));
  return text.length > 120 ? `${text.slice(0, 120)}…` : text || 'none';
}
