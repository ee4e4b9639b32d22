import type { NatsConnection } from 'nats';
import { ORDERS_STREAM } from '../contracts/subjects.ts';
import type { EventStore } from '../eventstore/event-store.ts';
import { createMemoryEventStore } from '../eventstore/memory/memory-event-store.ts';
import { encodeMessage } from '../eventstore/message.ts';
import { ensureStream } from '../kit/transport/jetstream/jetstream-stream.ts';

/** A log in memory whose events are published as the relay would. */
export interface PublishedLog {
  readonly store: EventStore;
  /** Resolves when everything appended so far is in the stream. */
  published(): Promise<void>;
}

/** An empty log, and an empty stream of the same name that follows it; by default the orders'. */
export async function publishedLog(
  connection: NatsConnection,
  name = ORDERS_STREAM,
): Promise<PublishedLog> {
  await ensureStream(connection, {
    name,
    subjects: [`${name}.*`],
    replicas: 1,
  });
  const jetstream = connection.jetstream();
  let tail: Promise<unknown> = Promise.resolve();
  const store = createMemoryEventStore({
    stream: name,
    committed: (events) => {
      for (const event of events) {
        const { subject, headers, payload } = encodeMessage(event);
        tail = tail.then(() => jetstream.publish(subject, payload, { headers }));
      }
    },
  });
  return {
    store,
    published: async () => {
      await tail;
    },
  };
}
