/** A wire between the event store and its clients that stalls, loses and cuts: each long-lived stream goes on. */
import assert from 'node:assert/strict';
import { credentials, type Metadata } from '@grpc/grpc-js';
import {
  type AppendEventsResponse,
  EventStoreClient,
  type EventStoreServer,
  Lane,
} from '../../../proto/gen/eventstore.ts';
import type {
  EventStore,
  RecordedEvent,
  ServedEventStore,
} from '../../../shared/eventstore/event-store.ts';
import { createGrpcEventStore } from '../../../shared/eventstore/grpc/grpc-event-store.ts';
import { newEventToWire } from '../../../shared/eventstore/grpc/wire.ts';
import { createMemoryEventStore } from '../../../shared/eventstore/memory/memory-event-store.ts';
import { background, withSignal, withTimeLeft } from '../../../shared/kit/context.ts';
import { nop } from '../../../shared/kit/endpoint.ts';
import { silentLogger } from '../../../shared/kit/logger.ts';
import type { Meter } from '../../../shared/kit/metrics/meter.ts';
import type { Component } from '../../../shared/kit/process/lifecycle.ts';
import { grpcServer } from '../../../shared/kit/transport/grpc/grpc-server.ts';
import { noHook } from '../../../shared/kit/transport/hooks.ts';
import { anEvent } from '../../../shared/testing/an-event.ts';
import { eventually } from '../../../shared/testing/eventually.ts';
import { recordingMeter } from '../../../shared/testing/recording.ts';
import { type FaultyWire, faultyWire } from '../../../stack/faulty-wire.ts';
import { createEndpoints } from '../endpoints.ts';
import { createGrpcService } from '../transport-grpc.ts';

const ctx = background();
/** Much shorter than in life, and long enough for a machine that is busy. */
const heartbeat = { everyMs: 80, mostMissed: 8 };
/** Of 200 kB: no socket takes it at once, so a stall comes in its middle. */
const large = () => anEvent({ data: JSON.stringify('x'.repeat(200_000)) });

/** Goes wrong on the one connection there is, for ever; another is well. */
const faults: readonly [string, (wire: FaultyWire) => unknown, { silent: boolean }][] = [
  [
    'nothing reaches the server any more',
    (wire) => wire.stall({ afterBytes: 1, way: 'toTarget', one: true }),
    { silent: true },
  ],
  [
    'nothing comes from the server any more',
    (wire) => wire.stall({ afterBytes: 1, way: 'toClient', one: true }),
    { silent: true },
  ],
  [
    'a message to the server stalls in its middle',
    (wire) => wire.stall({ afterBytes: 20_000, way: 'toTarget', one: true }),
    { silent: true },
  ],
  [
    'a message to the server stalls in its middle and arrives later',
    (wire) => wire.stall({ afterBytes: 20_000, way: 'toTarget', one: true, forMs: 1_000 }),
    { silent: true },
  ],
  [
    'a message from the server stalls in its middle',
    (wire) => wire.stall({ afterBytes: 20_000, way: 'toClient', one: true }),
    { silent: true },
  ],
  ['the connection is cut', (wire) => wire.cut(), { silent: false }],
];

describe('a stream whose connection stalls', () => {
  const memory = createMemoryEventStore({ stream: 'ORDERS' });
  /** How long an append takes: a database that is slow. */
  let slowMs = 0;
  const store: ServedEventStore = {
    ...memory,
    append: async (...append) => {
      if (slowMs > 0) await new Promise((resolve) => setTimeout(resolve, slowMs));
      return memory.append(...append);
    },
  };
  const service = createGrpcService(
    createEndpoints(store, () => nop),
    'ORDERS',
    noHook,
    300_000,
  );
  /** As a release that knows no heartbeats: it does not see that it is asked for them. */
  let old = false;
  const { appendEvents, getEventsBatches } = service.implementation as unknown as EventStoreServer;
  const ignorant =
    <Call extends { readonly metadata: Metadata }>(serve: (call: Call) => void) =>
    (call: Call) => {
      if (old) call.metadata.remove('heartbeat-ms');
      serve(call);
    };
  const implementation = {
    ...service.implementation,
    appendEvents: ignorant(appendEvents),
    getEventsBatches: ignorant(getEventsBatches),
  };
  const server = grpcServer({
    host: '127.0.0.1',
    port: 0,
    services: [{ ...service, implementation }],
    logger: silentLogger,
    drainMs: 100,
  });
  let wire: FaultyWire;
  let client: EventStore & Component;
  let replaced: string[];

  before(() => server.start?.());
  after(async () => {
    service.stopStreams();
    await server.stop?.();
  });
  beforeEach(() => begin(false));

  async function begin(withOld: boolean): Promise<void> {
    slowMs = 0;
    old = withOld;
    replaced = [];
    wire = await faultyWire({ target: { port: server.port() } });
    client = createGrpcEventStore({
      address: wire.address,
      stream: 'ORDERS',
      // Within it each of them is answered.
      timeoutMs: 15_000,
      logger: silentLogger,
      heartbeat,
      meter: countingMeter((kind) => replaced.push(kind)),
    });
    await client.start?.();
    await eventually('it is ready', () => client.notReady?.() === undefined);
  }
  afterEach(end);

  async function end(): Promise<void> {
    await wire.stop();
    await client.stop?.();
  }

  for (const [what, spoil, { silent }] of faults) {
    it(`${what}: an append is answered, once, over another connection`, async () => {
      await client.append(ctx, { events: [anEvent()] });
      const spoiled = spoil(wire);
      const event = large();
      const appending = client.append(ctx, { events: [event] });
      // As much comes back as stalls a message in its middle; on the old connection it waits for its deadline.
      const reading = client.read(withTimeLeft(ctx, 800), { limit: 1_000 }).catch(() => undefined);
      const [appended] = await Promise.all([appending, spoiled]);
      const found = await memory.read(ctx, { eventId: event.eventId, limit: 10 });
      assert.deepEqual(
        found.events.map(({ position }) => position),
        [appended.position],
      );
      await client.append(ctx, { events: [anEvent()] });
      if (silent) await eventually('it was counted', () => replaced.includes('append'));
      await reading;
      await eventually('it is ready again', () => client.notReady?.() === undefined);
    });

    it(`${what}: a follower misses nothing, and gets nothing twice`, async () => {
      const done = new AbortController();
      const { position: before } = await memory.append(ctx, { events: [anEvent()] });
      const seen: bigint[] = [];
      const following = (async () => {
        const reading = await client.batches(withSignal(ctx, done.signal), {
          afterPosition: before,
          follow: true,
        });
        for await (const events of reading) seen.push(...positions(events));
      })().catch(() => undefined);
      const { position: first } = await memory.append(ctx, { events: [anEvent()] });
      await eventually('it follows', () => seen.includes(first));
      void spoil(wire);
      for (let i = 0; i < 3; i++) await memory.append(ctx, { events: [large()] });
      await eventually('it has the last one', () => seen.length === 4, 15_000);
      assert.deepEqual(seen, [first, first + 1n, first + 2n, first + 3n]);
      done.abort();
      await following;
    });
  }

  it('is told as not ready while nothing answers, and is ready when something does', async () => {
    wire.swallow();
    await eventually('it is not ready', () => client.notReady?.() !== undefined);
    await eventually('it was counted', () => replaced.includes('append'));
    const append = client.append(ctx, { events: [anEvent()] });
    // Longer than it takes to connect again, which leads nowhere either.
    await eventually('it connected again', () => wire.counts().accepted > 2);
    wire.pass();
    await append;
    await eventually('it is ready', () => client.notReady?.() === undefined);
  });

  it('is not opened again by a client that was closed meanwhile', async () => {
    wire.swallow();
    await client.stop?.();
    const closedAt = performance.now();
    const patience = 3 * heartbeat.everyMs * heartbeat.mostMissed;
    await eventually('a silence is over', () => performance.now() - closedAt > patience);
    assert.deepEqual(replaced, []);
    assert.equal(wire.counts().accepted, 1);
  });

  it('is not replaced because the database is slow', async () => {
    slowMs = 2 * heartbeat.everyMs * heartbeat.mostMissed;
    const appends = Array.from({ length: 200 }, () => client.append(ctx, { events: [anEvent()] }));
    await Promise.all(appends);
    assert.deepEqual(replaced, []);
    assert.equal(wire.counts().accepted, 1);
  });

  describe('to an older server, which gives no signs of life', () => {
    beforeEach(async () => {
      await end();
      await begin(true);
    });

    it('is not given up because it is quiet or slow', async () => {
      const reading = await client.batches(ctx, { follow: true });
      const following = reading[Symbol.asyncIterator]();
      await following.next();
      slowMs = 2 * heartbeat.everyMs * heartbeat.mostMissed;
      await client.append(ctx, { events: [anEvent()] });
      await client.append(ctx, { events: [anEvent()] });
      assert.deepEqual(replaced, []);
      assert.equal(client.notReady?.(), undefined);
      await following.return?.();
    });

    it('is replaced all the same when the connection leads nowhere', async () => {
      await client.append(ctx, { events: [anEvent()] });
      const stalled = wire.stall({ afterBytes: 1, way: 'toClient', one: true });
      await Promise.all([client.append(ctx, { events: [anEvent()] }), stalled]);
      assert.deepEqual(replaced, ['append']);
    });
  });

  it('sends an older client nothing that it did not ask for', async () => {
    const older = new EventStoreClient(wire.address, credentials.createInsecure());
    const call = older.appendEvents();
    const came: AppendEventsResponse[] = [];
    call.on('data', (message) => came.push(message));
    call.on('error', () => {});
    slowMs = 4 * heartbeat.everyMs;
    const event = newEventToWire(anEvent(), 'ORDERS');
    const append = { number: 7, events: [event], expectedVersion: undefined, lane: Lane.NEW_WORK };
    call.write({ appends: [append] });
    await eventually('it is answered', () => came.length > 0);
    assert.deepEqual(
      came.map(({ heartbeat, results }) => [heartbeat, results.map(({ number }) => number)]),
      [[undefined, [7]]],
    );
    call.cancel();
    older.close();
  });
});

const positions = (events: readonly RecordedEvent[]) => events.map(({ position }) => position);

/** A meter that tells the kinds of streams that are counted as replaced. */
const countingMeter = (tell: (kind: string) => void): Meter =>
  recordingMeter(({ instrument, attributes }) => {
    if (instrument === 'streams_replaced_total') tell(String(attributes.kind));
  }).meter;
