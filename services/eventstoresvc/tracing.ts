import type { EventStore } from '../../shared/eventstore/event-store.ts';
import { inject } from '../../zipkin/propagation.ts';

/**
 * An event store that keeps with each event the trace it was appended in: the
 * relay publishes later and in a trace of nobody's, and its consumers must find
 * their way back.
 */
export function tracingService(next: EventStore): EventStore {
  return {
    ...next,
    append: (ctx, request) => {
      const trace = inject(ctx.telemetry);
      const events = request.events.map((event) => ({
        ...event,
        metadata: { ...event.metadata, ...trace },
      }));
      return next.append(ctx, { ...request, events });
    },
  };
}
