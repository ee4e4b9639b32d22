import { SpanKind, type Tracer, trace } from '@opentelemetry/api';
import { withTelemetry } from '../shared/kit/context.ts';
import type { Hook } from '../shared/kit/transport/hooks.ts';
import type {
  IncomingMessage,
  OutgoingMessage,
} from '../shared/kit/transport/jetstream/messages/jetstream-wire.ts';
import { extract, inject } from './propagation.ts';
import { attributes, endSpan, linksTo } from './span.ts';

/** It becomes part of a tag's name, so only a plain word is taken from a message. */
const AGGREGATE_TYPE = /^[\w-]{1,64}$/;

/** The tag that finds all traces of one aggregate, such as `parcel.id`; none if the message names no aggregate type. */
function aggregateTag(message: { header(name: string): string | undefined }) {
  const type = message.header('ce-aggregatetype') ?? '';
  return AGGREGATE_TYPE.test(type) ? { [`${type}.id`]: message.header('ce-subject') } : {};
}

/** Headers by which to find a trace (see shared/eventstore/message.ts). */
function messageTags(message: { subject: string; header(name: string): string | undefined }) {
  const eventId = message.header('ce-id');
  return {
    'messaging.system': 'nats',
    'messaging.destination.name': message.subject,
    'messaging.message.id': eventId,
    'event.id': eventId,
    ...aggregateTag(message),
  };
}

/**
 * A CONSUMER span for each delivery. It is a child of the span that published the
 * message, so that everything a request causes is one trace in Zipkin, whose exporter
 * drops links; the link is for viewers that show them.
 */
export function jetstreamConsumerTrace(tracer: Tracer): Hook<IncomingMessage> {
  return {
    before(ctx, message) {
      const parent = extract(ctx.telemetry, (key) => message.header(key));
      const span = tracer.startSpan(
        `${message.subject} process`,
        {
          kind: SpanKind.CONSUMER,
          links: linksTo(parent),
          attributes: attributes({
            ...messageTags(message),
            'messaging.consumer.name': message.durable,
            'messaging.sequence': String(message.sequence),
          }),
        },
        parent,
      );
      return withTelemetry(ctx, trace.setSpan(parent, span));
    },
    after(ctx, _message, outcome) {
      endSpan(ctx, outcome.error, { 'messaging.outcome': String(outcome.status) });
    },
  };
}

/**
 * A PRODUCER span for each published message, a child of the trace that the
 * event was stored with: the request that appended it has long ended, perhaps
 * in another process. The message carries this span on to consumers.
 */
export function jetstreamProducerTrace(tracer: Tracer): Hook<OutgoingMessage> {
  return {
    before(ctx, message) {
      const parent = extract(ctx.telemetry, (key) => message.header(key));
      const span = tracer.startSpan(
        `${message.subject} publish`,
        { kind: SpanKind.PRODUCER, attributes: attributes(messageTags(message)) },
        parent,
      );
      const telemetry = trace.setSpan(parent, span);
      for (const [key, value] of Object.entries(inject(telemetry))) message.setHeader(key, value);
      return withTelemetry(ctx, telemetry);
    },
    after: (ctx, _message, outcome) => endSpan(ctx, outcome.error),
  };
}
