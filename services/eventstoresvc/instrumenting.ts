import { eventStoreMetrics } from '../../shared/contracts/metric-list.ts';
import type { ServedEventStore } from '../../shared/eventstore/event-store.ts';
import type { Meter } from '../../shared/kit/metrics/meter.ts';
import { observed } from '../../shared/kit/observed.ts';

/** An event store that counts appended events by type, and shows how far log and stream are. */
export function instrumentingService(
  next: ServedEventStore,
  meter: Meter,
  progress: {
    committed(): bigint;
    published(): bigint;
    /** Whether the log accepts no events. */
    refusing(): boolean;
    /** Whether the relay publishes nothing. */
    stuck(): boolean;
  },
  stream?: string,
): ServedEventStore {
  const appended = meter.counter(eventStoreMetrics.appended);
  const parked = meter.counter(eventStoreMetrics.lettersStored);
  meter.observe(eventStoreMetrics.logPosition, (tell) =>
    tell(Number(progress.committed()), { stream }),
  );
  meter.observe(eventStoreMetrics.streamPosition, (tell) =>
    tell(Number(progress.published()), { stream }),
  );
  meter.observe(eventStoreMetrics.refusing, (tell) =>
    tell(Number(progress.refusing()), { stream }),
  );
  meter.observe(eventStoreMetrics.relayStuck, (tell) => tell(Number(progress.stuck()), { stream }));
  return observed(next, {
    append: (_ctx, { events }) => {
      for (const { eventType } of events) appended.add(1, { stream, type: eventType });
    },
    park: (_ctx, { consumer, reason }) => parked.add(1, { stream, consumer, reason }),
  });
}
