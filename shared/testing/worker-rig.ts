import { orderEventCodec } from '../contracts/events.ts';
import { ORDER_AGGREGATE, ORDERS_STREAM } from '../contracts/subjects.ts';
import type { OrderEvent } from '../domain/order.ts';
import type { NewEvent } from '../eventstore/event-store.ts';
import { newId } from '../eventstore/ids.ts';
import { eventWorker } from '../eventstore/worker/event-worker.ts';
import type { Handles } from '../eventstore/worker/handles.ts';
import { background } from '../kit/context.ts';
import type { Delivery } from '../kit/delivery.ts';
import type { Middleware } from '../kit/endpoint.ts';
import { silentLogger } from '../kit/logger.ts';
import { noMeter } from '../kit/metrics/meter.ts';
import { workerMiddleware } from '../kit/middleware/onions.ts';
import type { Component } from '../kit/process/lifecycle.ts';
import { noHook } from '../kit/transport/hooks.ts';
import { connectNats, type Nats } from '../kit/transport/nats/nats-connection.ts';
import { minor } from '../money/money.ts';
import { type PublishedLog, publishedLog } from './published-log.ts';

/** What a worker needs for one test: a broker, a log that it follows, and the workers. */
export interface WorkerRig {
  readonly nats: Nats;
  readonly log: PublishedLog;
  /** Starts them one after the other; `stop` stops them. */
  readonly start: (...components: readonly Component[]) => Promise<void>;
  /** Appends an order's event, changed by `overrides`; resolves with its id. */
  readonly append: (event: OrderEvent, overrides?: Partial<NewEvent>) => Promise<string>;
  /** The worker of that durable, which passes orders' events to `handles`. */
  readonly worker: (durable: string, handles: Handles) => Component;
  /** A worker's onion for its endpoints, which retries quickly and parks in the log. */
  readonly onion: (consumer: string) => (name: string) => Middleware<Delivery>;
  /** Stops what was started, then the connection and the broker. */
  readonly stop: () => Promise<void>;
}

const codec = orderEventCodec(2);

/** On `server`, which must be empty and is stopped with the rig. */
export async function workerRig(server: {
  readonly url: string;
  readonly stop: () => Promise<void>;
}): Promise<WorkerRig> {
  const nats = connectNats({ url: server.url, name: 'test', logger: silentLogger });
  const log = await publishedLog(await nats.connection());
  const running: Component[] = [];
  return {
    nats,
    log,
    start: async (...components) => {
      for (const component of components) {
        running.push(component);
        await component.start?.();
      }
    },
    append: async (event, overrides = {}) => {
      const eventId = newId();
      const aggregateId = event.type === 'created' ? event.order.orderId : event.orderId;
      const own = { eventId, aggregateId, aggregateType: ORDER_AGGREGATE, metadata: {} };
      await log.store.append(background(), {
        events: [{ ...own, ...codec.encode(event), ...overrides }],
      });
      return eventId;
    },
    worker: (durable, handles) =>
      eventWorker({
        connection: nats.connection,
        durable,
        stream: ORDERS_STREAM,
        aggregateType: ORDER_AGGREGATE,
        handles,
        store: log.store,
        hook: noHook,
        consumer: { maxInFlight: 16, ackWaitMs: 5_000, maxDeliver: 3, retryDelaysMs: [10] },
        logger: silentLogger,
        meter: noMeter,
      }),
    onion: (consumer) => (name) =>
      workerMiddleware({
        tracing: (next) => next,
        meter: noMeter,
        logger: silentLogger,
        name,
        consumer,
        park: (ctx, letter) => log.store.park(ctx, letter),
        retry: { attempts: 2, initialDelayMs: 1, maxDelayMs: 2 },
        timeoutMs: 2_000,
      }),
    stop: async () => {
      await Promise.all(running.map((component) => component.stop?.()));
      await nats.stop();
      await server.stop();
    },
  };
}

/** A new order with that id, no items and a total of 1.00. */
export const orderCreated = (orderId: string): OrderEvent => ({
  type: 'created',
  order: {
    orderId,
    customerId: 'customer-1',
    restaurantId: 'restaurant-1',
    amount: minor(100),
    items: [],
    createdOn: '2026-01-01T00:00:00.000Z',
  },
});
