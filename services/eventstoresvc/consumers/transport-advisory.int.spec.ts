import assert from 'node:assert/strict';
import type { NatsConnection } from 'nats';
import { pino } from 'pino';
import { silentLogger } from '../../../shared/kit/logger.ts';
import type { Component } from '../../../shared/kit/process/lifecycle.ts';
import { connectNats, type Nats } from '../../../shared/kit/transport/nats/nats-connection.ts';
import { eventually } from '../../../shared/testing/eventually.ts';
import { type TestNats, testNats } from '../../../stack/testing.ts';
import type { Exhausted } from './exhausted.ts';
import { advisoryTransport } from './transport-advisory.ts';

describe('advisories of the broker', () => {
  let server: TestNats;
  let nats: Nats;
  let connection: NatsConnection;
  let heard: Exhausted[];
  let listeners: Component[];
  let lines: string[];

  before(async () => {
    server = await testNats();
    nats = connectNats({ url: server.url, name: 'test', logger: silentLogger });
    connection = await nats.connection();
    const manager = await connection.jetstreamManager();
    await manager.streams.add({ name: 'ORDERS', subjects: ['ORDERS.*'] });
  });
  after(async () => {
    await nats.stop();
    await server.stop();
  });

  beforeEach(async () => {
    heard = [];
    lines = [];
    // Two instances of the event store.
    listeners = [1, 2].map(() =>
      advisoryTransport(
        nats.connection,
        'ORDERS',
        async (_ctx, exhausted) => {
          heard.push(exhausted);
          return exhausted.position > 1_000n ? 'no_event' : 'parked';
        },
        pino({ level: 'warn' }, { write: (line: string) => void lines.push(line) }),
      ),
    );
    for (const listener of listeners) await listener.start?.();
    await connection.flush();
  });
  afterEach(() => Promise.all(listeners.map((listener) => listener.stop?.())));

  it('a message that was delivered too often is reported once', async () => {
    const manager = await connection.jetstreamManager();
    await manager.consumers.add('ORDERS', {
      durable_name: 'crashing-worker',
      ack_policy: 'explicit' as never,
      max_deliver: 2,
    });
    const { seq } = await connection.jetstream().publish('ORDERS.created', '{}');
    const consumer = await connection.jetstream().consumers.get('ORDERS', 'crashing-worker');
    for (let n = 0; n < 2; n++) (await consumer.next({ expires: 2_000 }))?.nak();
    // The server notices when it would deliver once more.
    assert.equal(await consumer.next({ expires: 1_000 }), null);
    await eventually('an advisory', () => heard.length > 0);
    assert.deepEqual(heard, [
      { consumer: 'crashing-worker', position: BigInt(seq), deliveries: 2 },
    ]);
  });

  it('what cannot be read does not end the listening', async () => {
    const subject = '$JS.EVENT.ADVISORY.CONSUMER.MAX_DELIVERIES.ORDERS.payment-worker';
    connection.publish(subject, 'no JSON');
    connection.publish(
      subject,
      JSON.stringify({ consumer: 'payment-worker', stream_seq: 7, deliveries: 3 }),
    );
    await eventually('an advisory', () => heard.length > 0);
    assert.deepEqual(heard, [{ consumer: 'payment-worker', position: 7n, deliveries: 3 }]);
  });

  it('one that is no event of the log is said', async () => {
    const subject = '$JS.EVENT.ADVISORY.CONSUMER.MAX_DELIVERIES.ORDERS.payment-worker';
    const advisory = { consumer: 'payment-worker', deliveries: 3 };
    for (const stream_seq of [1_001, 7]) {
      connection.publish(subject, JSON.stringify({ ...advisory, stream_seq }));
    }
    await eventually('both advisories', () => heard.length === 2 && lines.length > 0);
    assert.deepEqual(
      lines.map((line) => JSON.parse(line)).map(({ consumer, position }) => [consumer, position]),
      [['payment-worker', '1001']],
    );
  });
});
