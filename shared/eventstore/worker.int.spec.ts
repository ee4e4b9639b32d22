import assert from 'node:assert/strict';
import { testNats } from '../../stack/testing.ts';
import { until } from '../../stack/until.ts';
import { background, type Context } from '../kit/context.ts';
import type { Component } from '../kit/lifecycle.ts';
import { silentLogger } from '../kit/logger.ts';
import { noMeter } from '../kit/metrics.ts';
import { noHook } from '../kit/transport/hooks.ts';
import { connectNats, type Nats } from '../kit/transport/nats.ts';
import { anEvent } from '../testing/events.ts';
import { type PublishedLog, publishedLog } from '../testing/published-log.ts';
import type { RecordedEvent } from './event-store.ts';
import { eventWorker } from './worker.ts';

describe('event worker', () => {
  let nats: Nats;
  let log: PublishedLog;
  let served: { ctx: Context; event: RecordedEvent; mayBeRepeat: boolean }[];
  let worker: Component;

  before(async function startNats() {
    this.timeout(30_000);
    const server = await testNats();
    nats = connectNats({ url: server.url, name: 'test', logger: silentLogger });
    log = await publishedLog(await nats.connection());
  });
  after(() => nats.stop());

  beforeEach(() => {
    served = [];
    worker = aWorker();
  });
  afterEach(() => worker.stop?.());

  function aWorker(): Component {
    return eventWorker({
      connection: nats.connection,
      durable: 'test-worker',
      eventTypes: ['ORDERS.created'],
      endpoint: async (ctx, { body, mayBeRepeat }) => {
        served.push({ ctx, event: body, mayBeRepeat });
      },
      store: log.store,
      hook: noHook,
      consumer: { maxInFlight: 16, ackWaitMs: 5_000, maxDeliver: 3, retryDelaysMs: [50] },
      logger: silentLogger,
      meter: noMeter,
    });
  }

  const append = (eventType: string, metadata: Record<string, string> = {}) =>
    log.store.append(background(), [anEvent({ eventType, metadata })]);

  const servedTimes = (n: number) =>
    until(() => served.length >= n, { what: `${n} events served`, deadlineMs: 5_000 });

  it('serves the types that it was told of, as they stand in the log', async () => {
    await append('ORDERS.created', { correlation_id: 'submission-1' });
    await append('ORDERS.approved');
    await append('ORDERS.created');
    await worker.start?.();
    await servedTimes(2);
    const { events } = await log.store.read(background(), {}, 10);
    assert.deepEqual(
      served.map(({ event }) => event),
      [events[0], events[2]],
    );
    assert.equal(served[0]?.ctx.correlationId, 'submission-1');
    assert.equal(served[0]?.ctx.causationId, events[0]?.eventId);
  });

  it('a durable made anew goes on from the position that was kept beside the log', async () => {
    await worker.start?.();
    await append('ORDERS.created');
    await servedTimes(1);
    await worker.stop?.();
    const kept = await log.store.getCheckpoint(background(), 'test-worker');
    assert.equal(kept, await log.store.head(background()), 'stopping keeps the last position');

    const manager = await (await nats.connection()).jetstreamManager();
    await manager.consumers.delete('ORDERS', 'test-worker');
    const { position } = await append('ORDERS.created');
    await log.published();
    served = [];
    worker = aWorker();
    await worker.start?.();
    await servedTimes(1);
    assert.deepEqual(
      served.map(({ event }) => event.position),
      [position],
    );
    assert.equal(served[0]?.mayBeRepeat, true, 'it may have been answered while the durable was');
  });
});
