import assert from 'node:assert/strict';
import { connect, headers, type NatsConnection } from 'nats';
import { pino } from 'pino';
import { type TestNats, testNats } from '../../../../stack/testing.ts';
import { until } from '../../../../stack/until.ts';
import { consumerOptions, publishNumbers, TEST_STREAM } from '../../../testing/jetstream-rig.ts';
import type { Delivery } from '../../delivery.ts';
import { CodedError } from '../../errors.ts';
import type { Component } from '../../process/lifecycle.ts';
import type { Outcome } from '../hooks.ts';
import { jetstreamConsumer, type PlacedProgress } from './jetstream-consumer.ts';
import { remakeStream } from './jetstream-stream.ts';

const away = () => new CodedError('unavailable', 'away', 'Away.');
const soon = <T>(what: string, check: () => T | false | undefined | Promise<T | false>) =>
  until(check, { what, deadlineMs: 10_000, everyMs: 5 });

describe('jetstreamConsumer', () => {
  let server: TestNats;
  let connection: NatsConnection;
  let started: Component[] = [];
  before(async () => {
    server = await testNats();
    connection = await connect({ servers: server.url });
  });
  beforeEach(() => remakeStream(connection, TEST_STREAM));
  afterEach(async () => {
    await Promise.all(started.map((component) => component.stop?.()));
    started = [];
  });
  after(async () => {
    await connection.close();
    await server.stop();
  });

  async function consume(
    endpoint: Parameters<typeof consumerOptions>[1],
    overrides: Parameters<typeof consumerOptions>[2] = {},
  ): Promise<Component> {
    const component = jetstreamConsumer(
      consumerOptions(async () => connection, endpoint, overrides),
    );
    started.push(component);
    await component.start?.();
    return component;
  }
  const info = async () =>
    (await connection.jetstreamManager()).consumers.info(TEST_STREAM.name, 'rig-worker');
  const allDone = (upTo: number) =>
    soon('all acknowledged', async () => {
      const { ack_floor, delivered, num_ack_pending, num_pending, num_waiting } = await info();
      // The floor also passes what the durable does not ask for, behind what it answered.
      if (ack_floor.stream_seq >= upTo && num_ack_pending === 0) return true;
      const stand = { ack_floor, delivered, num_ack_pending, num_pending, num_waiting };
      throw new Error(JSON.stringify(stand));
    });

  it('a message is acknowledged only after its endpoint succeeded, and comes again after the wait', async () => {
    const at: number[] = [];
    const deliveries: number[] = [];
    await publishNumbers(connection, 1, 1);
    await consume(
      async (delivery) => {
        at.push(performance.now());
        deliveries.push(delivery.deliveries);
        if (at.length === 1) throw away();
        // Not yet acknowledged while the endpoint runs.
        assert.equal((await info()).num_ack_pending, 1);
      },
      { retryDelaysMs: [300] },
    );
    await allDone(1);
    assert.deepEqual(deliveries, [1, 2]);
    assert.ok((at[1] ?? 0) - (at[0] ?? 0) >= 295, `came after ${(at[1] ?? 0) - (at[0] ?? 0)} ms`);
  });

  it('a poison message does not hold up the next one', async () => {
    const served: number[] = [];
    await publishNumbers(connection, 1, 50);
    await consume(
      async ({ body }) => {
        if (body.n === 1) throw away();
        served.push(body.n);
      },
      { retryDelaysMs: [60_000], maxInFlight: 1 },
    );
    await soon('the others', () => served.length === 49);
  });

  it('a parked message is not delivered again, and counts as done', async () => {
    let calls = 0;
    await publishNumbers(connection, 1, 2);
    await consume(async ({ body }) => {
      if (body.n !== 1) return;
      calls++;
      throw new CodedError('parked', 'parked', 'Kept.');
    });
    await allDone(2);
    assert.equal(calls, 1);
  });

  it('the last delivery is said to be the last, and still comes again if nobody could park it', async () => {
    const last: boolean[] = [];
    await publishNumbers(connection, 1, 1);
    await consume(
      async (delivery) => {
        last.push(delivery.last);
        if (last.length < 5) throw away();
      },
      { maxDeliver: 3, retryDelaysMs: [1] },
    );
    await allDone(1);
    assert.deepEqual(last, [false, false, true, true, true]);
  });

  it('order within one key is kept while other keys run', async () => {
    const slow = Promise.withResolvers<void>();
    const served: number[] = [];
    // Odd numbers belong to one key, each even number to its own.
    await publishNumbers(connection, 1, 12, (n) => (n % 2 === 1 ? 'odd' : String(n)));
    await consume(async ({ body }) => {
      if (body.n === 1) await slow.promise;
      served.push(body.n);
    });
    await soon('the other keys', () => served.length === 6);
    assert.deepEqual(served, [2, 4, 6, 8, 10, 12]);
    slow.resolve();
    await allDone(12);
    assert.deepEqual(served.slice(6), [1, 3, 5, 7, 9, 11]);
  });

  it('at most maxInFlight at once, and all of them', async () => {
    let running = 0;
    let most = 0;
    let served = 0;
    await publishNumbers(connection, 1, 60);
    await consume(
      async () => {
        most = Math.max(most, ++running);
        await new Promise((resolve) => setTimeout(resolve, 2));
        running--;
        served++;
      },
      { maxInFlight: 7 },
    );
    await soon('all', () => served === 60);
    assert.equal(most, 7);
  });

  it('long work is not delivered to somebody else meanwhile, nor what waits behind it', async () => {
    const served: string[] = [];
    const begun: string[] = [];
    await publishNumbers(connection, 1, 2, () => 'same');
    const endpoint = async ({ body, deliveries }: Delivery<{ n: number }>) => {
      begun.push(`${body.n}/${deliveries}`);
      await new Promise((resolve) => setTimeout(resolve, 3_500));
      served.push(`${body.n}/${deliveries}`);
    };
    await consume(endpoint, { ackWaitMs: 2_000 });
    await consume(endpoint, { ackWaitMs: 2_000 });
    await allDone(2);
    assert.deepEqual(served, ['1/1', '2/1']);
    // A second delivery may still be on its way, or at work, when the first is answered.
    const { num_redelivered, delivered } = await info();
    assert.deepEqual([num_redelivered, delivered.consumer_seq], [0, 2]);
    assert.deepEqual(begun, ['1/1', '2/1']);
  });

  it('a message that cannot be decoded is never done, is said once, and does not hold up the next', async () => {
    const served: number[] = [];
    const outcomes: Outcome[] = [];
    const lines: string[] = [];
    const positions: bigint[] = [];
    await connection.jetstream().publish('RIG.number', 'no json');
    await publishNumbers(connection, 2, 2);
    await consume(async ({ body }) => served.push(body.n), {
      maxDeliver: 1,
      maxInFlight: 1,
      hook: {
        before: (ctx) => ctx,
        after: (_ctx, _wire, outcome) => outcomes.push(outcome),
      },
      onProgress: ({ position }) => positions.push(position),
      logger: pino({ level: 'error' }, { write: (line: string) => void lines.push(line) }),
    });
    const unread = () => outcomes.filter(({ status }) => status === 'undecodable').length;
    await soon('it came again and again', () => unread() >= 3 && served.length === 1);
    await soon('progress', () => positions.length > 0);
    assert.deepEqual(served, [2]);
    assert.deepEqual([...new Set(positions)], [0n]);
    assert.equal(lines.length, 1);
    assert.equal((await info()).config.max_deliver, -1, 'the server never drops it either');
  });

  it('what should stand in a foreign message’s place is served for it, with all attempts before it', async () => {
    const seen: object[] = [];
    let asked = 0;
    await connection.jetstream().publish('RIG.number', 'no json');
    const header = headers();
    header.set('ce-id', 'id-1');
    await consume(
      async ({ messageId, body, sequence, deliveries, last }) => {
        seen.push({ messageId, n: body.n, sequence, deliveries, last });
        if (seen.length === 1) throw away();
      },
      {
        maxDeliver: 2,
        recover: async (_ctx, sequence) => {
          asked++;
          if (asked === 1) throw away();
          if (asked <= 3) return undefined;
          const data = new TextEncoder().encode('{"key":"1","n":1}');
          return { subject: 'RIG.number', sequence, headers: header, data };
        },
      },
    );
    await allDone(1);
    const message = { messageId: 'id-1', n: 1, sequence: 1n };
    assert.deepEqual(seen, [
      { ...message, deliveries: 1, last: false },
      { ...message, deliveries: 2, last: true },
    ]);
  });

  it('a hook that throws neither fails a message nor ends the process', async () => {
    const served: number[] = [];
    await publishNumbers(connection, 1, 2);
    const fault = () => {
      throw new Error('a fault in tracing');
    };
    await consume(async ({ body }) => served.push(body.n), {
      hook: { before: fault, after: fault },
    });
    await allDone(2);
    assert.deepEqual(served, [1, 2]);
  });

  it('the endpoint learns whose message it is, and whether it may be a repeat', async () => {
    const seen: object[] = [];
    await publishNumbers(connection, 1, 2);
    const options = consumerOptions(
      async () => connection,
      async () => undefined,
    );
    const component = jetstreamConsumer({
      ...options,
      head: async () => 1n,
      endpoint: async ({ correlationId, causationId }, { body: _, ...delivery }) =>
        seen.push({ correlationId, causationId, ...delivery }),
    });
    started.push(component);
    await component.start?.();
    await allDone(2);
    const message = (n: number) => ({
      correlationId: `correlation-${n}`,
      causationId: `id-${n}`,
      messageId: `id-${n}`,
      sequence: BigInt(n),
      subject: 'RIG.number',
      deliveries: 1,
      last: false,
      overdue: false,
      mayBeRepeat: n === 1,
      traceparent: `trace-${n}`,
    });
    assert.deepEqual(seen, [message(1), message(2)]);
  });

  it('gets only the subjects it asks for, also when that changes', async () => {
    const served: number[] = [];
    const first = await consume(async ({ body }) => served.push(body.n), {
      filterSubjects: ['RIG.number'],
    });
    await publishNumbers(connection, 1, 1);
    await publishNumbers(connection, 2, 2, String, 'RIG.other');
    await allDone(1);
    await first.stop?.();
    await consume(async ({ body }) => served.push(body.n), {
      filterSubjects: ['RIG.number', 'RIG.third'],
      resumeAfter: async () => 1n,
    });
    await publishNumbers(connection, 3, 3, String, 'RIG.third');
    await soon('the third', () => served.length === 2);
    assert.deepEqual(served, [1, 3]);
  });

  it('is ready only once it is subscribed', async () => {
    const head = Promise.withResolvers<bigint>();
    const component = await consume(async () => undefined, { head: () => head.promise });
    assert.match(component.notReady?.() ?? '', /not subscribed as rig-worker/);
    head.resolve(0n);
    await soon('ready', () => component.notReady?.() === undefined);
  });

  it('a long silence while the log goes on is said, and it subscribes again', async () => {
    const lines: string[] = [];
    const logger = pino({ level: 'warn' }, { write: (line: string) => void lines.push(line) });
    await publishNumbers(connection, 1, 3);
    let served = 0;
    await consume(async () => served++, { head: async () => 5n, silentMs: 500, logger });
    await soon('the warning', () => lines.some((line) => line.includes('watchdog')));
    assert.match(lines.join(), /the log has 5 events but the stream ends at 3/);
    await publishNumbers(connection, 4, 5);
    await soon('the rest', () => served === 5);
  });

  it('progress says only what is done without a gap, over all instances', async () => {
    const blocked = Promise.withResolvers<void>();
    const positions: bigint[] = [];
    let served = 0;
    const endpoint = async ({ body }: Delivery<{ n: number }>) => {
      if (body.n === 6) await blocked.promise;
      served++;
    };
    await publishNumbers(connection, 1, 10);
    const onProgress = ({ position }: PlacedProgress) => positions.push(position);
    await consume(endpoint, { onProgress, maxInFlight: 2 });
    await consume(endpoint, { onProgress, maxInFlight: 2 });
    await soon('all but one', () => served === 9);
    await soon('progress', () => positions.includes(5n));
    assert.ok(positions.every((position) => position <= 5n));
    blocked.resolve();
    await soon('the end', () => positions.includes(10n));
  });

  it('nothing is lost when it is stopped in the middle: another instance gets the rest at once', async () => {
    const served = new Set<number>();
    const stuck = Promise.withResolvers<void>();
    await publishNumbers(connection, 1, 40, (n) => String(n % 8));
    const first = await consume(async ({ body }, signal) => {
      if (body.n > 4) {
        // Never ends by itself: only stop's abort does it.
        signal.addEventListener('abort', () => stuck.resolve());
        await stuck.promise;
        throw signal.reason;
      }
      served.add(body.n);
    });
    await soon('stuck', async () => (await info()).num_ack_pending === 16);
    await consume(async ({ body }) => served.add(body.n));
    // What is stuck ends by the abort alone.
    await first.stop?.();
    await first.stop?.();
    await allDone(40);
    assert.equal(served.size, 40);
  });

  it('what is in flight at a stop is finished and acknowledged, though the connection closes at once', async () => {
    const own = await connect({ servers: server.url });
    const go = Promise.withResolvers<void>();
    let begun = 0;
    await publishNumbers(connection, 1, 5);
    const component = jetstreamConsumer(
      consumerOptions(
        async () => own,
        async () => {
          begun++;
          await go.promise;
        },
      ),
    );
    await component.start?.();
    await soon('begun', () => begun === 5);
    const stopping = component.stop?.();
    go.resolve();
    await stopping;
    await own.close();
    assert.equal((await info()).ack_floor.stream_seq, 5);
    assert.equal((await info()).num_redelivered, 0);
  });

  it('what has not begun at a stop is not begun', async () => {
    const go = Promise.withResolvers<void>();
    const begun: number[] = [];
    await publishNumbers(connection, 1, 3, () => 'same');
    const component = await consume(async ({ body }) => {
      begun.push(body.n);
      await go.promise;
    });
    await soon('held', async () => (await info()).num_ack_pending === 3);
    await soon('begun', () => begun.length === 1);
    const stopping = component.stop?.();
    go.resolve();
    await stopping;
    assert.deepEqual(begun, [1]);
    assert.equal((await info()).ack_floor.stream_seq, 1);
  });

  describe('whose durable has another filter than it wants', () => {
    const filterSubjects = ['RIG.a', 'RIG.b'];
    const filterBy = async (...filter_subjects: string[]) =>
      (await connection.jetstreamManager()).consumers.update(TEST_STREAM.name, 'rig-worker', {
        filter_subjects,
      } as never);
    const publish = (from: number, to: number) =>
      publishNumbers(connection, from, to, String, 'RIG.a');
    let lines: string[];
    let served: number[];
    let position: bigint;
    beforeEach(() => {
      lines = [];
      served = [];
      position = 0n;
    });
    const overrides = () => ({
      filterSubjects,
      resumeAfter: async () => position,
      onProgress: (now: PlacedProgress) => {
        position = now.position;
      },
      logger: pino({ level: 'warn' }, { write: (line: string) => void lines.push(line) }),
    });
    const start = () => consume(async ({ body }) => served.push(body.n), overrides());
    const gets = (...numbers: number[]) =>
      soon('its messages', () => numbers.every((n) => served.includes(n)));

    it('one that lacks a subject is reported once, with the remedy; it changes nothing, and is not ready until it is fixed', async () => {
      await publish(1, 1);
      const consumer = await start();
      await soon('its position', () => position === 1n);
      await filterBy('RIG.b');
      await soon('it says so', () => /lacks RIG.a\. Delete/.test(consumer.notReady?.() ?? ''));
      await publish(2, 3);
      await publishNumbers(connection, 4, 4, String, 'RIG.b');
      await gets(4);
      const looks = connection.subscribe(`$JS.API.CONSUMER.INFO.${TEST_STREAM.name}.rig-worker`);
      await soon('two looks more', () => looks.getReceived() === 2);
      looks.unsubscribe();
      assert.equal(lines.length, 1, lines.join());
      assert.equal((await info()).ack_floor.stream_seq, 4);
      assert.equal(position, 1n, 'the position of the server passes what was left out');
      assert.deepEqual((await info()).config.filter_subjects, ['RIG.b']);
      const manager = await connection.jetstreamManager();
      await manager.consumers.delete(TEST_STREAM.name, 'rig-worker');
      await gets(1, 2, 3, 4);
      await soon('it is ready', () => consumer.notReady?.() === undefined);
      assert.deepEqual((await info()).config.filter_subjects, filterSubjects);
    });

    it('one that lacks a subject when it starts is recreated, and nothing is left out', async () => {
      const first = await start();
      await publish(1, 1);
      await soon('its position', () => position === 1n);
      await first.stop?.();
      await filterBy('RIG.b');
      await publish(2, 3);
      await publishNumbers(connection, 4, 4, String, 'RIG.b');
      await start();
      await gets(2, 3, 4);
      assert.deepEqual((await info()).config.filter_subjects, filterSubjects);
    });

    it('one that lacks a subject and has another keeps that: two releases do not take turns', async () => {
      const older = await consume(async ({ body }) => served.push(body.n), {
        ...overrides(),
        filterSubjects: ['RIG.a', 'RIG.c'],
      });
      await publish(1, 1);
      await soon('its position', () => position === 1n);
      const newer = await start();
      await soon('both are ready', () => [older, newer].every((one) => !one.notReady?.()));
      assert.deepEqual((await info()).config.filter_subjects, ['RIG.a', 'RIG.b', 'RIG.c']);
      await publishNumbers(connection, 2, 2, String, 'RIG.b');
      await publishNumbers(connection, 3, 3, String, 'RIG.c');
      await gets(2, 3);
      await soon('its position', () => position === 3n);
      assert.ok([older, newer].every((one) => !one.notReady?.()));
    });

    it('one that has more is right: a newer release may be running beside it', async () => {
      const consumer = await start();
      await soon('it is ready', () => consumer.notReady?.() === undefined);
      await filterBy('RIG.a', 'RIG.b', 'RIG.c');
      await publish(1, 1);
      await soon('its position', () => position === 1n);
      assert.equal(consumer.notReady?.(), undefined);
      await start();
      await publish(2, 2);
      await gets(2);
      await soon('its position', () => position === 2n);
      assert.deepEqual((await info()).config.filter_subjects, ['RIG.a', 'RIG.b', 'RIG.c']);
      assert.deepEqual(lines, []);
    });
  });
});
