import { SpanKind, type Tracer } from '@opentelemetry/api';
import type { Hook } from '../shared/kit/transport/hooks.ts';
import { extract } from './propagation.ts';
import { aggregateTag, linksTo, PEER } from './span.ts';
import { spanHook } from './span-hook.ts';

/** An event as its reader gets it from the log; see shared/eventstore/event-store.ts. */
export interface LoggedEvent {
  readonly eventId: string;
  readonly eventType: string;
  readonly aggregateId: string;
  readonly aggregateType: string;
  readonly position: bigint;
  /** With the trace that the event was stored with. */
  readonly metadata: Readonly<Record<string, string>>;
}

/** The service that hands the log out, by its name in traces. */
const EVENT_STORE = 'eventstoresvc';

/** Where a `traceparent` has the flags whose last bit says that the trace is sampled. */
const FLAGS = 54;

/** A glance at the flags, without objects: most events are not sampled. */
function isSampled({ metadata: { traceparent } }: LoggedEvent): boolean {
  return traceparent !== undefined && '13579bdf'.includes(traceparent.charAt(FLAGS) || '0');
}

/**
 * A CONSUMER span for each event that `consumer` takes from the log, named as that of a
 * message, and a child of the span that the event was stored with. An event that is not
 * sampled, or was stored without a trace, has none and costs nothing: its context stays the
 * same.
 */
export function loggedEventTrace(tracer: Tracer, consumer: string): Hook<LoggedEvent> {
  const { before, after } = spanHook<LoggedEvent>(tracer, {
    kind: SpanKind.CONSUMER,
    parent: (telemetry, { metadata }) => extract(telemetry, (key) => metadata[key]),
    name: ({ eventType }) => `${eventType} process`,
    links: linksTo,
    tags: (event) => ({
      'messaging.system': 'eventstore',
      [PEER]: EVENT_STORE,
      'messaging.destination.name': event.eventType,
      'messaging.message.id': event.eventId,
      'event.id': event.eventId,
      ...aggregateTag(event.aggregateType, event.aggregateId),
      'messaging.consumer.name': consumer,
      'messaging.sequence': String(event.position),
    }),
    result: ({ status }) => ({ 'messaging.outcome': String(status) }),
  });
  return {
    before: (ctx, event) => (isSampled(event) ? before(ctx, event) : ctx),
    after(ctx, event, outcome) {
      if (isSampled(event)) after(ctx, event, outcome);
    },
  };
}
