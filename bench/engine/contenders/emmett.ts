/** Emmett's PostgreSQL store (@event-driven-io/emmett-postgresql), with its default settings. */
import { dumbo } from '@event-driven-io/dumbo';
import { type Event, STREAM_DOES_NOT_EXIST } from '@event-driven-io/emmett';
import { getPostgreSQLEventStore, readMessagesBatch } from '@event-driven-io/emmett-postgresql';
import type { Step } from '../workload.ts';

/** Its pool is node-postgres's default of ten connections, as many as ours has in process. */
export interface Emmett {
  append(step: Step): Promise<unknown>;
  /** Events of one aggregate, all of them. */
  readAggregate(aggregateId: string): Promise<number>;
  /** One page of the log; resolves with its number of events and the position to go on after. */
  readPage(after: bigint, limit: number): Promise<{ count: number; last: bigint }>;
  /** Tells of each event that is appended from now on; resolves once it listens. */
  follow(onEvent: (aggregateId: string) => void): Promise<{ close(): Promise<void> }>;
  close(): Promise<void>;
}

const streamName = (aggregateId: string) => `order-${aggregateId}`;

/** Makes its schema. The caller closes it. */
export async function openEmmett(connectionString: string): Promise<Emmett> {
  const store = getPostgreSQLEventStore(connectionString);
  await store.schema.migrate();
  const pool = dumbo({ connectionString });
  return {
    append: ({ aggregateId, expectedVersion, eventType, payload, metadata }) =>
      store.appendToStream(
        streamName(aggregateId),
        [{ type: eventType, data: payload, metadata } as Event],
        {
          expectedStreamVersion:
            expectedVersion === 0 ? STREAM_DOES_NOT_EXIST : BigInt(expectedVersion),
        },
      ),
    readAggregate: async (aggregateId) => {
      const { events } = await store.readStream(streamName(aggregateId));
      return events.length;
    },
    readPage: async (after, limit) => {
      const page = await readMessagesBatch(pool.execute, { after, batchSize: limit });
      return { count: page.messages.length, last: page.currentGlobalPosition };
    },
    follow: async (onEvent) => {
      const consumer = store.consumer();
      consumer.reactor({
        processorId: `bench-${Date.now()}`,
        startFrom: 'END',
        eachMessage: ({ data }) => onEvent((data as { order_id: string }).order_id),
      });
      const running = consumer.start();
      return {
        close: async () => {
          await consumer.close();
          await running;
        },
      };
    },
    close: async () => {
      await pool.close();
      await store.close();
    },
  };
}
