import type { EventStore } from '../../shared/eventstore/event-store.ts';
import { inject } from '../../zipkin/propagation.ts';

/**
 * An event store that keeps the trace of the append with each event. The relay
 * publishes later, outside that trace, and consumers must find their way back to it.
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
