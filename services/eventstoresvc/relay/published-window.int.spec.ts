/** A window of messages that depend on each other, against a real broker and whatever comes between. */
import assert from 'node:assert/strict';
import { connect, type JetStreamManager, type NatsConnection, type PublishOptions } from 'nats';
import type { RecordedEvent } from '../../../shared/eventstore/event-store.ts';
import { silentLogger } from '../../../shared/kit/logger.ts';
import { noHook } from '../../../shared/kit/transport/hooks.ts';
import { connectNats, type Nats } from '../../../shared/kit/transport/nats/nats-connection.ts';
import { anEvent } from '../../../shared/testing/an-event.ts';
import { eventually } from '../../../shared/testing/eventually.ts';
import { type TestNats, testNats } from '../../../stack/testing.ts';
import { createPublishedStream } from './published-stream.ts';

const options = { name: 'ORDERS', subjects: ['ORDERS.*'], replicas: 1 };

const window = (first: number, count: number): RecordedEvent[] =>
  Array.from({ length: count }, (_, index) => ({
    ...anEvent(),
    stream: 'ORDERS',
    version: 1n,
    position: BigInt(first + index),
    createdAt: new Date(0),
  }));

describe('a window of events that is published', () => {
  let server: TestNats;
  let nats: Nats;
  let stranger: NatsConnection;
  let manager: JetStreamManager;

  before(async () => {
    server = await testNats();
    stranger = await connect({ servers: server.url });
    manager = await stranger.jetstreamManager();
  });
  beforeEach(async () => {
    nats = connectNats({ url: server.url, name: 'test', logger: silentLogger });
    // On a busy machine an answer may be late; a stream that stayed would be the next test's.
    await eventually('the stream is empty', async () => {
      await manager.streams.delete('ORDERS').catch(() => undefined);
      return (await manager.streams.names().next()).length === 0;
    });
    await manager.streams.add({ name: 'ORDERS', subjects: ['ORDERS.*'] });
  });
  afterEach(async () => {
    await nats.stop();
  });
  after(async () => {
    await stranger.close();
    await server.stop();
  });

  /** The stream, with `between` called before each message that asks for no answer. */
  const published = (
    between: (connection: NatsConnection) => void = () => undefined,
    by = nats,
  ) => {
    const connection = async () => {
      const real = await by.connection();
      return new Proxy(real, {
        get: (target, name) => {
          const value = Reflect.get(target, name) as unknown;
          if (name !== 'publish') return typeof value === 'function' ? value.bind(target) : value;
          return (subject: string, payload: Uint8Array, options: PublishOptions) => {
            between(target);
            target.publish(subject, payload, options);
          };
        },
      });
    };
    return createPublishedStream({ ...by, connection }, options, 100_000, noHook);
  };

  async function stored(): Promise<string[]> {
    const { state } = await manager.streams.info('ORDERS');
    const ids: string[] = [];
    for (let seq = 1; seq <= state.last_seq; seq++) {
      const { header } = await manager.streams.getMessage('ORDERS', { seq });
      ids.push(header?.get('Nats-Msg-Id') || 'a stranger');
    }
    return ids;
  }
  const idsOf = (events: readonly RecordedEvent[]) => events.map(({ eventId }) => eventId);

  it('is stored as a whole, each event at its position', async () => {
    const events = window(1, 300);
    for (const [from, to] of [
      [0, 1],
      [1, 3],
      [3, 300],
    ]) {
      await published().publish(events.slice(from, to));
    }
    assert.deepEqual(await stored(), idsOf(events));
  });

  it('with a stranger’s message in the middle ends there, and is refused', async () => {
    const events = window(1, 20);
    let sent = 0;
    const publishing = published((connection) => {
      if (++sent === 5) connection.publish('ORDERS.created', 'not ours');
    }).publish(events);
    await assert.rejects(publishing, /wrong last/);
    assert.deepEqual(await stored(), [...idsOf(events).slice(0, 5), 'a stranger']);
  });

  it('whose first place a stranger has is refused, and lets nothing behind it through', async () => {
    await stranger.jetstream().publish('ORDERS.created', 'not ours');
    await assert.rejects(published().publish(window(1, 20)), /wrong last/);
    assert.deepEqual(await stored(), ['a stranger']);
    await assert.rejects(published().publish(window(3, 20)), /wrong last/);
    assert.deepEqual(await stored(), ['a stranger']);
  });

  it('whose first event another relay has published is not taken for its own; all are in their places', async () => {
    const events = window(1, 20);
    await published().publish(events.slice(0, 1));
    await assert.rejects(published().publish(events), /wrong last/);
    assert.deepEqual(await stored(), idsOf(events));
  });

  it('of two relays that race is stored once, whichever wins which place', async () => {
    const events = window(1, 400);
    const other = connectNats({ url: server.url, name: 'other', logger: silentLogger });
    try {
      const racing = [nats, other].map((by) => published(undefined, by));
      for (let from = 0; from < 400; from += 50) {
        await Promise.allSettled(
          racing.map((relay) => relay.publish(events.slice(from, from + 50))),
        );
      }
    } finally {
      await other.stop();
    }
    assert.deepEqual(await stored(), idsOf(events));
  });

  it('twice, as after an answer that came too late, changes nothing and is refused the second time', async () => {
    const events = window(1, 30);
    await published().publish(events);
    await assert.rejects(published().publish(events), /wrong last/);
    await assert.rejects(published().publish(events.slice(10)), /wrong last/);
    assert.deepEqual(await stored(), idsOf(events));
  });
});
