import type { ServedEventStore } from '../../shared/eventstore/event-store.ts';
import { inject } from '../../zipkin/propagation.ts';

/**
 * An event store that keeps the trace of the append with each event. The relay
 * publishes later, outside that trace, and consumers must find their way back to it.
 */
export function tracingService(next: ServedEventStore): ServedEventStore {
  return {
    ...next,
    append: (ctx, request) => {
      const trace: Record<string, string> = {};
      inject(ctx.telemetry, (key, value) => {
        trace[key] = value;
      });
      const events = request.events.map((event) => ({
        ...event,
        metadata: { ...event.metadata, ...trace },
      }));
      return next.append(ctx, { ...request, events });
    },
  };
}
