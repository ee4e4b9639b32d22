/**
 * A window of events as messages that depend on each other. Each names the sequence that
 * must be the stream's last, so it can be stored only at its own position; and all but the
 * first name the id of the message before it. If one is refused, so is everything behind
 * it, even if a stranger's message took its place: no answer in the middle is needed.
 */
import type { MsgHdrs } from 'nats';
import type { RecordedEvent } from '../../../shared/eventstore/event-store.ts';
import { encodeMessage, headerText } from '../../../shared/eventstore/message.ts';
import { background } from '../../../shared/kit/context.ts';
import type { Hook } from '../../../shared/kit/transport/hooks.ts';
import type { OutgoingMessage } from '../../../shared/kit/transport/jetstream/messages/jetstream-wire.ts';

/** One message of a window. */
export interface ChainedMessage {
  readonly event: RecordedEvent;
  /** Only for publishing: they are text already. */
  readonly headers: MsgHdrs;
  /** Called once, with why the window was not published; undefined if it was. */
  end(error: unknown): void;
}

/** The messages of `events`, of consecutive positions, for `stream`. */
export function inChain(
  events: readonly RecordedEvent[],
  stream: string,
  hook: Hook<OutgoingMessage>,
): readonly ChainedMessage[] {
  return events.map((event, index) => {
    const own: Record<string, string> = {
      'Nats-Expected-Stream': stream,
      'Nats-Expected-Last-Sequence': String(event.position - 1n),
    };
    const before = events[index - 1];
    if (before !== undefined) own['Nats-Expected-Last-Msg-Id'] = before.eventId;
    const end = traced(event, own, hook);
    const text = headerText(event, own);
    return { event, headers: written(text), end };
  });
}

/** A span for the message, unless its trace is known not to be recorded. */
function traced(
  event: RecordedEvent,
  own: Record<string, string>,
  hook: Hook<OutgoingMessage>,
): ChainedMessage['end'] {
  const { metadata } = event;
  if (isLeftOut(metadata.traceparent)) return () => undefined;
  const { headers } = encodeMessage(event);
  const wire: OutgoingMessage = {
    subject: event.eventType,
    header: (name) => own[name] ?? (headers.get(name) || metadata[name]),
    setHeader: (name, value) => {
      own[name] = value;
    },
  };
  const ctx = hook.before(background(metadata.correlation_id), wire);
  return (error) =>
    hook.after(ctx, wire, { status: error === undefined ? 'acked' : 'failed', error });
}

/** Whether a `traceparent` says that its trace is not recorded. */
const isLeftOut = (traceparent: string | undefined): boolean =>
  traceparent !== undefined && /-[\da-f][02468ace]$/.test(traceparent);

/** Headers that are text already, as far as the client needs them to publish. */
const written = (text: string): MsgHdrs =>
  ({ encode: () => Buffer.from(text) }) as unknown as MsgHdrs;
