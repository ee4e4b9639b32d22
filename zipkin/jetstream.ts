import { SpanKind, type Tracer } from '@opentelemetry/api';
import type { Hook } from '../shared/kit/transport/hooks.ts';
import type {
  IncomingMessage,
  OutgoingMessage,
} from '../shared/kit/transport/jetstream/messages/jetstream-wire.ts';
import { extract, inject } from './propagation.ts';
import { aggregateTag, linksTo, PEER } from './span.ts';
import { spanHook } from './span-hook.ts';

/** Headers by which to find a trace (see shared/eventstore/message.ts). */
function messageTags(message: { subject: string; header(name: string): string | undefined }) {
  const eventId = message.header('ce-id');
  return {
    'messaging.system': 'nats',
    // Zipkin's dependency page needs the broker to have a name.
    [PEER]: 'nats',
    'messaging.destination.name': message.subject,
    'messaging.message.id': eventId,
    'event.id': eventId,
    ...aggregateTag(message.header('ce-aggregatetype'), message.header('ce-subject')),
  };
}

/**
 * A CONSUMER span for each delivery. It is a child of the span that published the
 * message, so that everything a request causes is one trace in Zipkin, whose exporter
 * drops links; the link is for viewers that show them.
 */
export function jetstreamConsumerTrace(tracer: Tracer): Hook<IncomingMessage> {
  return spanHook<IncomingMessage>(tracer, {
    kind: SpanKind.CONSUMER,
    parent: (telemetry, message) => extract(telemetry, (key) => message.header(key)),
    name: ({ subject }) => `${subject} process`,
    links: linksTo,
    tags: (message) => ({
      ...messageTags(message),
      'messaging.consumer.name': message.durable,
      'messaging.sequence': String(message.sequence),
    }),
    result: ({ status }) => ({ 'messaging.outcome': String(status) }),
  });
}

/**
 * A PRODUCER span for each published message, a child of the trace that the
 * event was stored with: the request that appended it has long ended, perhaps
 * in another process. The message carries this span on to consumers.
 */
export function jetstreamProducerTrace(tracer: Tracer): Hook<OutgoingMessage> {
  return spanHook<OutgoingMessage>(tracer, {
    kind: SpanKind.PRODUCER,
    parent: (telemetry, message) => extract(telemetry, (key) => message.header(key)),
    name: ({ subject }) => `${subject} publish`,
    tags: messageTags,
    passOn: (telemetry, message) =>
      inject(telemetry, (key, value) => message.setHeader(key, value)),
    result: () => ({}),
  });
}
