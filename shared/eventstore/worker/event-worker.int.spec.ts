import assert from 'node:assert/strict';
import { testNats } from '../../../stack/testing.ts';
import { until } from '../../../stack/until.ts';
import { background, type Context } from '../../kit/context.ts';
import { silentLogger } from '../../kit/logger.ts';
import { noMeter } from '../../kit/metrics/meter.ts';
import type { Component } from '../../kit/process/lifecycle.ts';
import type { Outcome } from '../../kit/transport/hooks.ts';
import { remakeStream } from '../../kit/transport/jetstream/jetstream-stream.ts';
import { connectNats, type Nats } from '../../kit/transport/nats/nats-connection.ts';
import { anEvent } from '../../testing/an-event.ts';
import { type PublishedLog, publishedLog } from '../../testing/published-log.ts';
import type { RecordedEvent } from '../event-store.ts';
import { encodeMessage } from '../message.ts';
import { eventWorker } from './event-worker.ts';
import type { Handles } from './handles.ts';

describe('event worker', () => {
  let nats: Nats;
  let log: PublishedLog;
  let served: { ctx: Context; event: RecordedEvent; mayBeRepeat: boolean; by: string }[];
  let outcomes: Outcome[];
  let worker: Component;

  before(async function startNats() {
    this.timeout(30_000);
    const server = await testNats();
    nats = connectNats({ url: server.url, name: 'test', logger: silentLogger });
    log = await publishedLog(await nats.connection(), 'PARCELS');
  });
  after(() => nats.stop());

  beforeEach(() => {
    served = [];
    outcomes = [];
    worker = aWorker();
  });
  afterEach(() => worker.stop?.());

  /** Of a release that answers these types. */
  function aWorker(types = ['PARCELS.sent'], by = ''): Component {
    const serve: Handles[string] = async (ctx, { body, mayBeRepeat }) =>
      served.push({ ctx, event: body, mayBeRepeat, by });
    return eventWorker({
      connection: nats.connection,
      durable: 'test-worker',
      stream: 'PARCELS',
      aggregateType: 'parcel',
      handles: Object.fromEntries(types.map((type) => [type, serve])),
      store: log.store,
      hook: { before: (ctx) => ctx, after: (_ctx, _wire, outcome) => outcomes.push(outcome) },
      consumer: { maxInFlight: 16, ackWaitMs: 5_000, maxDeliver: 3, retryDelaysMs: [50] },
      logger: silentLogger,
      meter: noMeter,
    });
  }

  const append = (eventType: string, metadata: Record<string, string> = {}) =>
    log.store.append(background(), {
      events: [anEvent({ eventType, aggregateType: 'parcel', metadata })],
    });

  const servedTimes = (n: number) =>
    until(() => served.length >= n, { what: `${n} events served`, deadlineMs: 5_000 });

  it('serves the types that it was told of, as they stand in the log', async () => {
    await append('PARCELS.sent', { correlation_id: 'submission-1' });
    await append('PARCELS.weighed');
    await append('PARCELS.sent');
    await worker.start?.();
    await servedTimes(2);
    const { events } = await log.store.read(background(), { limit: 10 });
    assert.deepEqual(
      served.map(({ event }) => event),
      [events[0], events[2]],
    );
    assert.equal(served[0]?.ctx.correlationId, 'submission-1');
    assert.equal(served[0]?.ctx.causationId, events[0]?.eventId);
  });

  it('what is no parcel is passed over, whatever type it is filed under', async () => {
    await worker.start?.();
    await log.store.append(background(), {
      events: [anEvent({ eventType: 'PARCELS.sent', aggregateType: 'test' })],
    });
    await append('PARCELS.sent');
    await servedTimes(1);
    assert.deepEqual(
      served.map(({ event }) => event.aggregateType),
      ['parcel'],
    );
  });

  it('a recreated durable continues from the checkpoint beside the log', async () => {
    await worker.start?.();
    await append('PARCELS.sent');
    await servedTimes(1);
    await worker.stop?.();
    const kept = await log.store.getCheckpoint(background(), 'test-worker');
    const { eventId, position: last } = served[0]?.event ?? { eventId: '', position: 0n };
    assert.equal(last, await log.store.head(background()));
    assert.deepEqual(kept, { position: last, eventId, delivered: last }, 'stopping keeps it');

    const manager = await (await nats.connection()).jetstreamManager();
    await manager.consumers.delete('PARCELS', 'test-worker');
    const { position } = await append('PARCELS.sent');
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

  it('a dead letter that somebody wants replayed comes through the same endpoint', async () => {
    const { position } = await append('PARCELS.sent', { correlation_id: 'submission-2' });
    await worker.start?.();
    await servedTimes(1);
    const consumer = 'test-worker';
    await log.store.park(background(), {
      consumer,
      position,
      eventId: served[0]?.event.eventId ?? '',
      reason: 'gateway_away',
      lastError: '',
      deliveries: 3,
      traceparent: '',
    });
    await log.store.requestReplay(background(), { consumer, position });
    await until(
      async () => {
        const [letter] = await log.store.deadLetters(background(), { consumer, limit: 1 });
        return letter?.state === 'resolved';
      },
      { what: 'the letter resolved', deadlineMs: 5_000 },
    );
    const [first, again] = served;
    assert.deepEqual(again?.event, first?.event);
    assert.equal(again?.ctx.correlationId, 'submission-2');
    assert.equal(again?.mayBeRepeat, true);
  });

  const foreign = async () => (await nats.connection()).jetstream().publish('PARCELS.sent', '{}');
  const unreadTimes = (n: number) =>
    until(() => outcomes.filter(({ status }) => status === 'undecodable').length >= n, {
      what: `${n} deliveries of what cannot be read`,
      deadlineMs: 5_000,
    });

  /** What the operator and the relay do: an empty stream, filled from the log. */
  async function resetAndRefill(): Promise<void> {
    await log.published();
    const connection = await nats.connection();
    await remakeStream(connection, { name: 'PARCELS', subjects: ['PARCELS.*'], replicas: 1 });
    for await (const event of await log.store.stream(background(), {})) {
      const { subject, headers, payload } = encodeMessage(event);
      await connection.jetstream().publish(subject, payload, { headers });
    }
  }

  it('an event where a foreign message stood in the stream is answered after the stream is reset', async () => {
    await worker.start?.();
    const before = await append('PARCELS.sent');
    await servedTimes(1);
    await foreign();
    await unreadTimes(1);
    await worker.stop?.();
    const kept = await log.store.getCheckpoint(background(), 'test-worker');
    assert.equal(kept.position, before.position, 'what was not answered is not passed');

    const later = await append('PARCELS.sent');
    assert.equal(later.position, before.position + 1n);
    await resetAndRefill();
    served = [];
    worker = aWorker();
    await worker.start?.();
    await servedTimes(1);
    assert.equal(served[0]?.event.position, later.position);
  });

  it('the log’s event is served for a foreign message in its place, if it is of a type to be answered', async () => {
    await worker.start?.();
    await foreign();
    await unreadTimes(1);
    const later = await append('PARCELS.sent');
    await servedTimes(1);
    assert.deepEqual(
      served.map(({ event }) => event.position),
      [later.position],
    );
    // The message of that event stands one too far, where the log now has this.
    await append('PARCELS.weighed');
    await until(() => outcomes.filter(({ status }) => status === 'acked').length === 2, {
      what: 'passed over',
      deadlineMs: 5_000,
    });
    assert.equal(served.length, 1);
    await resetAndRefill();
  });

  describe('beside one of a newer release, which answers another type too', () => {
    const newer = ['PARCELS.sent', 'PARCELS.lost'];
    const letters = () =>
      log.store.deadLetters(background(), { consumer: 'test-worker', state: 'parked', limit: 10 });

    it('leaves events of that type to it, and shares the others with it', async () => {
      const other = aWorker(newer, 'newer');
      await other.start?.();
      await worker.start?.();
      try {
        await until(() => [other, worker].every((one) => one.notReady?.() === undefined), {
          what: 'both subscribed',
          deadlineMs: 5_000,
        });
        const lost: bigint[] = [];
        const sent: bigint[] = [];
        // The broker gives each to any of the two.
        const isLeft = async () => {
          lost.push((await append('PARCELS.lost')).position);
          sent.push((await append('PARCELS.sent')).position);
          return outcomes.some(({ status }) => status === 'retried');
        };
        await until(isLeft, { what: 'the older one gets one', deadlineMs: 5_000, everyMs: 5 });
        const by = (position: bigint) =>
          served.filter(({ event }) => event.position === position).map((one) => one.by);
        const isServed = (position: bigint) => by(position).length > 0;
        // Of three attempts each may go to the older one.
        const parked = await until(
          async () => {
            const left = await letters();
            const isParked = (wanted: bigint) => left.some(({ position }) => position === wanted);
            const settled = lost.every((one) => isServed(one) || isParked(one));
            return settled && sent.every(isServed) && left;
          },
          { what: 'each served or parked', deadlineMs: 10_000 },
        );
        await worker.stop?.();
        for (const { consumer, position, reason } of parked) {
          assert.equal(reason, 'type_not_answered');
          await log.store.requestReplay(background(), { consumer, position });
        }
        await until(() => lost.every(isServed), { what: 'all served', deadlineMs: 5_000 });
        assert.deepEqual([...new Set(lost.flatMap(by))], ['newer']);
      } finally {
        await other.stop?.();
      }
    });

    it('parks them when the newer one is gone, and a replay waits for it', async () => {
      const other = aWorker(newer, 'newer');
      await other.start?.();
      await other.stop?.();
      await worker.start?.();
      const { position } = await append('PARCELS.lost');
      await append('PARCELS.sent');
      await servedTimes(1);
      assert.equal(served[0]?.event.eventType, 'PARCELS.sent', 'nothing waits behind it');
      const parked = () =>
        until(async () => (await letters()).find((letter) => letter.position === position), {
          what: 'parked',
          deadlineMs: 5_000,
        });
      const consumer = 'test-worker';
      const { reason, lastError } = (await parked()) ?? {};
      assert.equal(reason, 'type_not_answered');
      assert.match(`${lastError}`, /test-worker does not answer PARCELS.lost; another one does/);

      await log.store.requestReplay(background(), { consumer, position });
      await until(async () => (await parked())?.replays === 1, {
        what: 'parked again by the older one',
        deadlineMs: 5_000,
      });
      await worker.stop?.();
      served = [];
      worker = aWorker(newer, 'newer');
      await worker.start?.();
      await log.store.requestReplay(background(), { consumer, position });
      await servedTimes(1);
      assert.deepEqual([served[0]?.event.position, served[0]?.by], [position, 'newer']);
    });
  });
});
