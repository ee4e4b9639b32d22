/** A wire to the broker that stalls, loses and cuts: relay, durable, reader and advisories go on. */
import assert from 'node:assert/strict';
import { connect, type NatsConnection } from 'nats';
import type { RecordedEvent } from '../../../shared/eventstore/event-store.ts';
import { silentLogger } from '../../../shared/kit/logger.ts';
import type { Component } from '../../../shared/kit/process/lifecycle.ts';
import { noHook } from '../../../shared/kit/transport/hooks.ts';
import { jetstreamConsumer } from '../../../shared/kit/transport/jetstream/jetstream-consumer.ts';
import { readStream } from '../../../shared/kit/transport/jetstream/reader.ts';
import { connectNats, type Nats } from '../../../shared/kit/transport/nats/nats-connection.ts';
import { anEvent } from '../../../shared/testing/an-event.ts';
import { eventually } from '../../../shared/testing/eventually.ts';
import { recordingMeter } from '../../../shared/testing/recording.ts';
import { type FaultyWire, faultyWire } from '../../../stack/faulty-wire.ts';
import { type TestNats, testNats } from '../../../stack/testing.ts';
import { advisoryTransport } from '../consumers/transport-advisory.ts';
import type { EventLog } from '../log/sql-log.ts';
import { createBell } from './bell.ts';
import { createPublishedStream } from './published-stream.ts';
import { createRelay } from './relay.ts';

/** Goes wrong on the one connection there is, for ever; another is well. */
const faults: readonly [string, (wire: FaultyWire) => unknown, { silent: boolean }][] = [
  [
    'nothing reaches the broker any more',
    (wire) => wire.stall({ afterBytes: 1, way: 'toTarget', one: true }),
    { silent: true },
  ],
  [
    'nothing comes from the broker any more',
    (wire) => wire.stall({ afterBytes: 1, way: 'toClient', one: true }),
    { silent: true },
  ],
  [
    'a message to the broker stalls in its middle',
    (wire) => wire.stall({ afterBytes: 20_000, way: 'toTarget', one: true }),
    { silent: true },
  ],
  [
    'a message from the broker stalls in its middle',
    (wire) => wire.stall({ afterBytes: 20_000, way: 'toClient', one: true }),
    { silent: true },
  ],
  ['the connection is cut', (wire) => wire.cut(), { silent: false }],
];

const WITHIN_MS = 20_000;

describe('what is connected to a broker over a wire that stalls', function suite() {
  this.timeout(60_000);
  let server: TestNats;
  let direct: NatsConnection;
  let wire: FaultyWire;
  let nats: Nats;
  let parts: Component[];
  let reading: Promise<void>;
  let stopReading: AbortController;
  let replaced: string[];
  let events: RecordedEvent[];
  let served: bigint[];
  let read: bigint[];
  let advised: bigint[];
  const bell = createBell();

  const log: EventLog = {
    append: () => Promise.reject(new Error('the relay appends nothing')),
    restore: () => Promise.reject(new Error('the relay restores nothing')),
    rebase: () => undefined,
    snapshot: () => Promise.reject(new Error('the relay needs no snapshot')),
    aggregates: () => Promise.reject(new Error('the relay reads no aggregates')),
    head: async () => BigInt(events.length),
    idAt: async (_ctx, position) => events[Number(position) - 1]?.eventId,
    read: async (_ctx, { afterPosition = 0n }, limit) => {
      const page = events.slice(Number(afterPosition), Number(afterPosition) + limit);
      return { events: page, more: false };
    },
  };
  const { meter } = recordingMeter(({ instrument, attributes }) => {
    if (instrument === 'streams_replaced_total') replaced.push(String(attributes.kind));
  });

  function commit(data = '{}'): bigint {
    const position = BigInt(events.length + 1);
    const createdAt = new Date(0);
    events.push({ ...anEvent({ data }), stream: 'ORDERS', version: 1n, position, createdAt });
    bell.ring();
    return position;
  }

  beforeEach(async () => {
    [replaced, events, served, read, advised] = [[], [], [], [], []];
    server = await testNats();
    direct = await connect({ servers: server.url });
    wire = await faultyWire({ target: { port: Number(new URL(server.url).port) } });
    const url = `nats://${wire.address}`;
    nats = connectNats({ url, name: 'spec', logger: silentLogger, meter, pingMs: 500 });
    const stream = { name: 'ORDERS', subjects: ['ORDERS.*'], replicas: 1 };
    const published = createPublishedStream(nats, stream, 500_000, noHook);
    const options = { bell, pollMs: 50, inspectMs: 500, window: 16 };
    const consumer = jetstreamConsumer({
      connection: nats.connection,
      stream: 'ORDERS',
      durable: 'worker',
      decode: ({ sequence }) => sequence,
      key: String,
      endpoint: async (_ctx, { body }) => served.push(body),
      resumeAfter: async () => 0n,
      head: async () => BigInt(events.length),
      maxInFlight: 16,
      ackWaitMs: 2_000,
      maxDeliver: 5,
      retryDelaysMs: [50],
      stopWaitMs: 1_000,
      logger: silentLogger,
      meter,
    });
    const advisories = advisoryTransport(
      nats.connection,
      'ORDERS',
      async (_ctx, { position }) => {
        advised.push(position);
        return 'parked';
      },
      silentLogger,
    );
    parts = [nats, createRelay(log, published, options, silentLogger), consumer, advisories];
    for (const part of parts) await part.start?.();
    stopReading = new AbortController();
    const reader = readStream({
      connection: nats.connection,
      stream: 'ORDERS',
      startAfter: 0n,
      maxBatch: 4,
      signal: stopReading.signal,
      logger: silentLogger,
      meter,
    });
    reading = (async () => {
      for await (const batch of reader) read.push(...batch.map(({ sequence }) => sequence));
    })();
    await arrived(commit());
  });
  afterEach(async () => {
    stopReading.abort();
    await reading;
    for (const part of parts.toReversed()) await part.stop?.();
    await wire.stop();
    await direct.close();
    await server.stop();
  });

  const arrived = (position: bigint) =>
    eventually(
      `event ${position} at durable and reader`,
      () => served.includes(position) && read.includes(position),
      WITHIN_MS,
    );

  /** The broker says it once, and to who listens; so it is said until somebody hears it. */
  const told = (position: bigint) =>
    eventually(
      'an advisory',
      () => {
        const subject = '$JS.EVENT.ADVISORY.CONSUMER.MAX_DELIVERIES.ORDERS.worker';
        const advisory = { consumer: 'worker', stream_seq: Number(position), deliveries: 5 };
        direct.publish(subject, JSON.stringify(advisory));
        return advised.includes(position);
      },
      WITHIN_MS,
    );

  for (const [what, spoil, { silent }] of faults) {
    it(`${what}: each goes on, and nothing is missed`, async () => {
      await told(1n);
      void spoil(wire);
      const next = commit();
      // Of 200 kB: no socket takes it at once, so a stall comes in its middle.
      const last = commit(JSON.stringify('x'.repeat(200_000)));
      await arrived(last);
      assert.deepEqual(read, [1n, 2n, 3n]);
      // One that went to the connection that leads nowhere comes again when its time is over.
      await arrived(next);
      await told(3n);
      if (silent) assert.ok(replaced.length > 0, 'it was counted');
      await eventually('all are ready', () =>
        parts.every((part) => part.notReady?.() === undefined),
      );
    });
  }

  it('the broker stops and goes on: nothing is missed', async () => {
    server.process.kill('SIGSTOP');
    const last = commit();
    await eventually('it was noticed', () => nats.notReady() !== undefined, WITHIN_MS);
    server.process.kill('SIGCONT');
    await arrived(last);
    assert.deepEqual(read, [1n, 2n]);
  });
});
