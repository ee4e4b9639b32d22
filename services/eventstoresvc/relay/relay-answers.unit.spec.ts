/** What JetStream may answer to a publish or a look, and that the relay always reads the stream again and goes on. */
import assert from 'node:assert/strict';
import { mock } from 'node:test';
import { ErrorCode, type MsgHdrs, type NatsConnection, NatsError, type PubAck } from 'nats';
import type { RecordedEvent } from '../../../shared/eventstore/event-store.ts';
import { silentLogger } from '../../../shared/kit/logger.ts';
import { noHook } from '../../../shared/kit/transport/hooks.ts';
import { anEvent } from '../../../shared/testing/an-event.ts';
import { eventually } from '../../../shared/testing/eventually.ts';
import type { EventLog } from '../log/sql-log.ts';
import { createBell } from './bell.ts';
import { createPublishedStream } from './published-stream.ts';
import { createRelay, type Relay, relayDefaults } from './relay.ts';

/** An error as the client makes it of the server's answer. */
function apiError(code: number, errCode: number, description: string): NatsError {
  const error = new NatsError(description, String(code));
  error.api_error = { code, err_code: errCode, description };
  return error;
}

const wrongLast = (errCode: number) => apiError(400, errCode, 'wrong last sequence: 7');

/** Answers of a cluster whose stream has no leader; whether a message was stored, they do not say. */
const noLeader: readonly [string, () => NatsError][] = [
  ['503, nobody listens', () => new NatsError('503', ErrorCode.NoResponders)],
  ['503, 10008', () => apiError(503, 10008, 'JetStream system temporarily unavailable')],
  ['10158', () => apiError(500, 10158, 'no leader')],
  ['a timeout', () => new NatsError('TIMEOUT', ErrorCode.Timeout)],
];

/** On what a message depends. */
interface Expected {
  readonly streamName: string | undefined;
  readonly lastSequence: number;
  readonly lastMsgID: string | undefined;
}
type Publish = (id: string, expect: Expected) => PubAck;

/** The headers of a message that is published. */
function headersOf(headers: MsgHdrs | undefined): (name: string) => string | undefined {
  const { encode } = headers as unknown as { encode(): Uint8Array };
  const lines = Buffer.from(encode()).toString().split('\r\n').slice(1);
  const byName = new Map(lines.map((line) => line.split(': ', 2) as [string, string]));
  return (name) => byName.get(name);
}

/** As much of a connection, and of one stream behind it, as the relay uses. */
class Broker {
  readonly stored: string[] = [];
  looks = 0;
  /** Asked in place of `store`, once for each. */
  readonly publishing: Publish[] = [];
  /** Answers to the next looks at the stream. */
  readonly looking: NatsError[] = [];
  private config: unknown;

  store: Publish = (id, { lastSequence, lastMsgID }) => {
    if (lastSequence !== this.stored.length) throw wrongLast(10071);
    if (lastMsgID !== undefined && lastMsgID !== this.stored.at(-1)) throw wrongLast(10070);
    return { seq: this.stored.push(id), stream: 'ORDERS', duplicate: false };
  };

  private info() {
    this.looks++;
    const answer = this.looking.shift();
    if (answer) throw answer;
    if (this.config === undefined) throw apiError(404, 10059, 'stream not found');
    const { length } = this.stored;
    const state = { messages: length, first_seq: length && 1, last_seq: length };
    return { config: this.config, state };
  }

  connection(): NatsConnection {
    const streams = {
      info: async () => this.info(),
      add: async (config: unknown) => {
        this.config = config;
      },
      getMessage: async () => {
        const { length } = this.stored;
        if (length === 0) throw apiError(404, 10037, 'no message found');
        return { seq: length, header: new Map([['Nats-Msg-Id', this.stored[length - 1]]]) };
      },
    };
    const receive = ({ headers }: { headers?: MsgHdrs }) => {
      const header = headersOf(headers);
      const answer = this.publishing.shift() ?? this.store;
      return answer(header('Nats-Msg-Id') ?? '', {
        streamName: header('Nats-Expected-Stream'),
        lastSequence: Number(header('Nats-Expected-Last-Sequence')),
        lastMsgID: header('Nats-Expected-Last-Msg-Id'),
      });
    };
    const publish = async (_subject: string, _payload: unknown, options: { headers?: MsgHdrs }) =>
      receive(options);
    /** As a broker does with what asks for no answer. */
    const publishOnly = (_subject: string, _payload: unknown, options: { headers?: MsgHdrs }) => {
      try {
        receive(options);
      } catch (error) {
        assert.ok(error instanceof NatsError, String(error));
      }
    };
    const connection = {
      info: { max_payload: 1024 * 1024 },
      isClosed: () => false,
      // It never says anything, and never ends.
      status: () => ({ [Symbol.asyncIterator]: () => ({ next: () => new Promise(() => {}) }) }),
      publish: publishOnly,
      jetstream: () => ({ publish }),
      jetstreamManager: async () => ({ streams }),
    };
    return connection as unknown as NatsConnection;
  }
}

const events = Array.from(
  { length: 20 },
  (_, index): RecordedEvent => ({
    ...anEvent(),
    stream: 'ORDERS',
    version: 1n,
    position: BigInt(index + 1),
    createdAt: new Date(0),
  }),
);
const ids = events.map(({ eventId }) => eventId);

const log: EventLog = {
  append: () => Promise.reject(new Error('the relay appends nothing')),
  restore: () => Promise.reject(new Error('the relay restores nothing')),
  rebase: () => undefined,
  snapshot: () => Promise.reject(new Error('the relay needs no snapshot')),
  aggregates: () => Promise.reject(new Error('the relay reads no aggregates')),
  head: async () => BigInt(events.length),
  idAt: async (_ctx, position) => ids[Number(position) - 1],
  read: async (_ctx, { afterPosition = 0n }, limit) => {
    const page = events.slice(Number(afterPosition), Number(afterPosition) + limit);
    return { events: page, more: false };
  },
};

describe('the relay goes on, whatever JetStream answers', () => {
  let broker: Broker;
  let relay: Relay | undefined;

  beforeEach(() => {
    broker = new Broker();
  });
  afterEach(async () => {
    await relay?.stop?.();
    relay = undefined;
  });

  function stream() {
    const connection = broker.connection();
    const nats = {
      name: 'nats',
      connection: async () => connection,
      start: async () => {},
      stop: async () => {},
      notReady: () => undefined,
    };
    const options = { name: 'ORDERS', subjects: ['ORDERS.*'], replicas: 1 };
    return createPublishedStream(nats, options, 1_000, noHook);
  }

  /** Resolves when the stream is the log, each event once and in its place. */
  async function follow(inspectMs = 60_000): Promise<Relay> {
    // Longer than the test may take: it looks again because of the answer, not because it is time.
    const options = { ...relayDefaults, window: 4, pollMs: 5, inspectMs };
    const started = createRelay(log, stream(), { ...options, bell: createBell() }, silentLogger);
    relay = started;
    await started.start?.();
    await eventually('all is published', () => started.published() === BigInt(events.length));
    assert.deepEqual(broker.stored, ids);
    assert.equal(started.notReady?.(), undefined);
    return started;
  }

  it('without trouble it looks once', async () => {
    await follow();
    // Missing, and after it was made.
    assert.equal(broker.looks, 2);
  });

  it('looks again when it is time, though the clock was set back an hour', async () => {
    mock.timers.enable({ apis: ['Date'], now: 7_200_000 });
    try {
      await follow(20);
      const { looks } = broker;
      mock.timers.setTime(3_600_000);
      await eventually('it looked', () => broker.looks > looks + 2, 5_000);
    } finally {
      mock.timers.reset();
    }
  });

  for (const errCode of [10071, 10164]) {
    it(`a wrong last sequence (${errCode}), for another relay was quicker: it reads where the stream ends`, async () => {
      broker.publishing.push((id) => {
        // All of the window, and more than that, is there already.
        broker.stored.push(id, ...ids.slice(1, 7));
        throw wrongLast(errCode);
      });
      await follow();
      assert.ok(broker.looks > 2, 'it looked again');
    });
  }

  for (const [answer, error] of noLeader) {
    it(`no leader at a publish (${answer}), nothing was stored: published again`, async () => {
      for (let n = 0; n < 3; n++) {
        broker.publishing.push(() => {
          throw error();
        });
      }
      await follow();
      assert.ok(broker.looks > 2, 'it looked again');
    });

    it(`no leader at a publish (${answer}), and yet it was stored: not published twice`, async () => {
      broker.publishing.push((id, options) => {
        broker.store(id, options);
        throw error();
      });
      await follow();
      assert.ok(broker.looks > 2, 'it looked again');
    });

    it(`no leader at a look (${answer}): it looks again, and needs no operator`, async () => {
      broker.looking.push(error(), error(), error());
      broker.publishing.push(() => {
        broker.looking.push(error(), error());
        throw error();
      });
      await follow();
      assert.equal(broker.looking.length, 0);
    });
  }

  it('is interrupted again and again: that is said, until it gets on', async () => {
    let away = true;
    broker.publishing.push(function refuse(): never {
      if (away) broker.publishing.push(refuse);
      throw noLeader[0]?.[1]();
    });
    const options = { ...relayDefaults, window: 1, pollMs: 5, inspectMs: 60_000 };
    const started = createRelay(log, stream(), { ...options, bell: createBell() }, silentLogger);
    relay = started;
    await started.start?.();
    await eventually('it says so', () =>
      /keeps being interrupted: 503/.test(started.notReady?.() ?? ''),
    );
    away = false;
    await eventually('it gets on', () => started.published() === BigInt(events.length));
    assert.equal(started.notReady?.(), undefined);
  });

  it('an answer that is late stores nothing out of place: each publish names the sequence before it', async () => {
    const expected: (number | undefined)[] = [];
    broker.publishing.push(
      ...ids.map(
        (): Publish => (id, options) => {
          expected.push(options.lastSequence);
          assert.equal(options.streamName, 'ORDERS');
          return broker.store(id, options);
        },
      ),
    );
    await follow();
    assert.deepEqual(
      expected,
      ids.map((_, index) => index),
    );
  });

  for (const [what, ack] of [
    ['a duplicate', { seq: 1, duplicate: true }],
    ['stored elsewhere', { seq: 2, duplicate: false }],
  ] as const) {
    it(`an acknowledgement of ${what} is no success`, async () => {
      broker.publishing.push(() => ({ stream: 'ORDERS', ...ack }));
      const [event] = events;
      assert.ok(event);
      await assert.rejects(stream().publish([event]), { code: 'misplaced_message' });
      assert.deepEqual(broker.stored, []);
    });
  }
});
