import type { Meter } from '@opentelemetry/api';
import type { EventStore } from '../../shared/eventstore/event-store.ts';
import { observed } from '../../shared/kit/observed.ts';

/** An event store that counts appended events by type, and shows how far log and stream are. */
export function instrumentingService(
  next: EventStore,
  meter: Meter,
  progress: { committed(): bigint; published(): bigint },
  labels: { readonly stream?: string } = {},
): EventStore {
  const appended = meter.createCounter('eventstore_events_appended', {
    description: 'Events committed, repeats included.',
  });
  const parked = meter.createCounter('eventstore_dead_letters', {
    description: 'Dead letters stored, by consumer and reason.',
  });
  const gauge = (name: string, description: string, value: () => bigint) =>
    meter
      .createObservableGauge(name, { description })
      .addCallback((observed) => observed.observe(Number(value()), labels));
  gauge(
    'eventstore_log_position',
    "The log's last position, when the relay last looked.",
    progress.committed,
  );
  gauge(
    'eventstore_stream_position',
    'The last position known to be published.',
    progress.published,
  );
  return observed(next, {
    append: (_ctx, { events }) => {
      for (const { eventType } of events) appended.add(1, { ...labels, type: eventType });
    },
    park: (_ctx, { consumer, reason }) => parked.add(1, { ...labels, consumer, reason }),
  });
}
