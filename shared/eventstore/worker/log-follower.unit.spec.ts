import assert from 'node:assert/strict';
import { setTimeout as delay } from 'node:timers/promises';
import { background } from '../../kit/context.ts';
import type { Delivery } from '../../kit/delivery.ts';
import type { Endpoint } from '../../kit/endpoint.ts';
import { CodedError } from '../../kit/errors.ts';
import { silentLogger } from '../../kit/logger.ts';
import { noMeter } from '../../kit/metrics/meter.ts';
import { createMetrics } from '../../kit/metrics/metrics.ts';
import { deadLetter } from '../../kit/middleware/dead-letter.ts';
import type { Component } from '../../kit/process/lifecycle.ts';
import type { Turn } from '../../kit/process/turn.ts';
import { noHook } from '../../kit/transport/hooks.ts';
import { anEvent } from '../../testing/an-event.ts';
import { eventually } from '../../testing/eventually.ts';
import { scraped } from '../../testing/scraped.ts';
import type { EventStore, NewEvent, RecordedEvent } from '../event-store.ts';
import { createMemoryEventStore } from '../memory/memory-event-store.ts';
import { type LogFollowerOptions, logFollower } from './log-follower.ts';

const ctx = background();
const consumer = 'follower';
const parcel = (aggregateId: string, more: Partial<NewEvent> = {}) =>
  anEvent({ aggregateId, aggregateType: 'parcel', eventType: 'PARCELS.sent', ...more });
const away = () => new CodedError('unavailable', 'away', 'It is away.');

describe('a follower of the log', function () {
  this.timeout(20_000);
  let log: EventStore;
  let running: Component[];
  /** What the endpoint was given and answered, as `<aggregate> <version>`. */
  let served: string[];
  /** What is done for a batch. */
  let together: string[];
  let answer: (event: RecordedEvent, delivery: Delivery) => Promise<void>;

  beforeEach(() => {
    log = createMemoryEventStore({ stream: 'PARCELS' });
    running = [];
    served = [];
    together = [];
    answer = async () => undefined;
  });
  afterEach(async () => {
    await Promise.all(running.map((component) => component.stop?.()));
  });

  const nameOf = ({ aggregateId, version }: RecordedEvent) => `${aggregateId} ${version}`;

  async function append(...aggregateIds: string[]): Promise<void> {
    for (const aggregateId of aggregateIds) {
      await log.append(ctx, { events: [parcel(aggregateId)] });
    }
  }

  async function start(options: Partial<LogFollowerOptions> = {}): Promise<Component> {
    const parking = deadLetter({
      consumer,
      park: (context, letter) => log.park(context, letter),
      logger: silentLogger,
      meter: noMeter,
    });
    const endpoint: Endpoint<Delivery<RecordedEvent>, void> = async (_ctx, delivery) => {
      await answer(delivery.body, delivery);
      served.push(nameOf(delivery.body));
    };
    const follower = logFollower({
      consumer,
      aggregateType: 'parcel',
      handles: { 'PARCELS.sent': parking(endpoint) },
      store: log,
      hook: noHook,
      replayHook: noHook,
      continued: (context) => context,
      settings: { maxInFlight: 4, maxDeliver: 3, retryDelaysMs: [1] },
      logger: silentLogger,
      meter: noMeter,
      ...options,
    });
    running.push(follower);
    await follower.start?.();
    return follower;
  }

  /** Events of aggregates whose names begin with a `u` are usual. */
  const usual: NonNullable<LogFollowerOptions['usual']> = async (_ctx, { events }) =>
    events.map((event) => {
      if (!event.aggregateId.startsWith('u')) return undefined;
      together.push(nameOf(event));
      return Promise.resolve(true);
    });

  const place = async () => (await log.getCheckpoint(ctx, consumer)).position;
  const untilAt = (position: bigint) =>
    eventually(`the checkpoint is at ${position}`, async () => (await place()) === position);
  const untilServed = (...names: string[]) =>
    eventually(`served ${names}`, () => names.every((name) => served.includes(name)));

  it('does the usual for a batch, and everything else singly', async () => {
    await append('u1', 'a', 'u1', 'u2', 'a');
    await start({ usual });
    await untilAt(5n);
    assert.deepEqual(together, ['u1 1', 'u1 2', 'u2 1']);
    assert.deepEqual(served, ['a 1', 'a 2']);
    await append('u3');
    await untilAt(6n);
    assert.equal(together.at(-1), 'u3 1');
  });

  it('skips other types, and aggregates of another type', async () => {
    await log.append(ctx, { events: [parcel('a', { eventType: 'PARCELS.lost' })] });
    await log.append(ctx, { events: [parcel('a', { aggregateType: 'letter' })] });
    await append('a');
    await start();
    await untilAt(3n);
    assert.deepEqual(served, ['a 2']);
  });

  it('an event that fails does not stop others, and the checkpoint never passes it', async () => {
    let failing = true;
    answer = async ({ aggregateId }) => {
      if (failing && aggregateId === 'bad') throw away();
    };
    await append('u1', 'bad', 'a', 'u2');
    await start({ usual, settings: { maxInFlight: 1, maxDeliver: 1_000, retryDelaysMs: [10] } });
    await untilServed('a 1');
    await untilAt(1n);
    assert.equal((await log.getCheckpoint(ctx, consumer)).delivered, 4n, 'it was given all');
    failing = false;
    await untilAt(4n);
    assert.ok(served.includes('bad 1'));
  });

  it('an event that cannot be answered is parked, the checkpoint passes it, and a replay serves it', async () => {
    let broken = true;
    answer = async ({ aggregateId }) => {
      if (broken && aggregateId === 'poison') throw new CodedError('invalid', 'broken', 'It is.');
    };
    await append('poison', 'a');
    await start();
    await untilAt(2n);
    const [letter] = await log.deadLetters(ctx, { consumer, limit: 10 });
    assert.deepEqual([letter?.position, letter?.reason, letter?.state], [1n, 'broken', 'parked']);
    broken = false;
    await log.requestReplay(ctx, { consumer, position: 1n });
    await untilServed('poison 1');
  });

  it('one that fails again and again is told which attempt is its last, and is parked', async () => {
    const attempts: [number, boolean][] = [];
    answer = async (_event, { deliveries, last }) => {
      attempts.push([deliveries, last]);
      throw away();
    };
    await append('a');
    await start();
    await untilAt(1n);
    assert.deepEqual(attempts, [
      [1, false],
      [2, false],
      [3, true],
    ]);
  });

  it('events of one aggregate go in their order, and wait for no other aggregate', async () => {
    const gate = Promise.withResolvers<void>();
    answer = async ({ aggregateId }) => {
      if (aggregateId === 'slow') await gate.promise;
    };
    await append('slow', 'a', 'slow', 'b');
    await start();
    await untilServed('a 1', 'b 1');
    gate.resolve();
    await untilServed('slow 2');
    assert.deepEqual(
      served.filter((name) => name.startsWith('slow')),
      ['slow 1', 'slow 2'],
    );
  });

  it('a usual event behind one that goes singly goes behind it', async () => {
    const begun = Promise.withResolvers<void>();
    const gate = Promise.withResolvers<void>();
    answer = () => {
      begun.resolve();
      return gate.promise;
    };
    await append('x');
    await start({
      usual: async (_ctx, { events }) =>
        events.map((event) => (event.version > 1n ? Promise.resolve(true) : undefined)),
    });
    await begun.promise;
    await append('x', 'y');
    gate.resolve();
    await untilServed('x 1', 'x 2', 'y 1');
  });

  it('a usual event that could not be done, and a batch that failed, go singly', async () => {
    await append('a');
    await start({ usual: async (_ctx, { events }) => events.map(() => Promise.resolve(false)) });
    await untilServed('a 1');
    await running.shift()?.stop?.();
    await append('b');
    await start({ usual: () => Promise.reject(new Error('a bug')) });
    await untilServed('b 1');
  });

  it('what was not done before a crash is followed again, and what comes later is new', async () => {
    const repeats: [string, boolean][] = [];
    await append('a', 'b');
    const hung = new Promise<never>(() => undefined);
    await start({ store: { ...log, saveCheckpoint: () => hung }, usual: async () => [] });
    await untilServed('a 1', 'b 1');
    answer = async (event, { mayBeRepeat }) => void repeats.push([nameOf(event), mayBeRepeat]);
    // Its place is never saved, so this never ends.
    void running.shift()?.stop?.();
    await start();
    await append('c');
    await untilAt(3n);
    assert.deepEqual(repeats.toSorted(), [
      ['a 1', true],
      ['b 1', true],
      ['c 1', false],
    ]);
  });

  it('follows when a log that was away is back', async () => {
    let gone = true;
    const { getCheckpoint } = log;
    const store: EventStore = {
      ...log,
      getCheckpoint: (...args) => (gone ? Promise.reject(away()) : getCheckpoint(...args)),
    };
    const follower = await start({ store });
    await eventually('it says so', () => /It is away/.test(follower.notReady?.() ?? ''));
    await append('a');
    gone = false;
    await untilServed('a 1');
    assert.equal(follower.notReady?.(), undefined);
  });

  it('a log that went back is followed from the place that it has', async () => {
    await append('a', 'b', 'c');
    let restored: EventStore | undefined;
    const now = () => restored ?? log;
    const store = new Proxy(log, {
      get: (_target, name: keyof EventStore) => {
        return (...args: never[]) => Reflect.apply(now()[name], log, args);
      },
    });
    await start({ store });
    await untilAt(3n);
    // Restored with its first event only, and then another came.
    const other = createMemoryEventStore({ stream: 'PARCELS' });
    const { events } = await log.read(ctx, { limit: 1 });
    assert.ok(events[0]);
    await other.append(ctx, { events: [events[0]] });
    await other.append(ctx, { events: [parcel('d')] });
    await other.saveCheckpoint(ctx, { consumer, position: 1n, eventId: '', delivered: 1n });
    restored = other;
    await untilServed('d 1');
    await eventually('it is at the end of that log', async () => {
      return (await other.getCheckpoint(ctx, consumer)).position === 2n;
    });
    assert.equal(served.filter((name) => name === 'a 1').length, 1);
  });

  it('no more than a bounded number is outstanding', async () => {
    const gate = Promise.withResolvers<boolean>();
    let given = 0;
    const events = Array.from({ length: 15_000 }, (_, n) => parcel(`u${n}`));
    for (const event of events) await log.append(ctx, { events: [event] });
    const inPages: EventStore = {
      ...log,
      batches: async (asking, request) => {
        const all = await log.batches(asking, request);
        return (async function* () {
          for await (const batch of all) {
            for (let n = 0; n < batch.length; n += 500) yield batch.slice(n, n + 500);
          }
        })();
      },
    };
    await start({
      store: inPages,
      usual: async (_ctx, batch) => {
        given += batch.events.length;
        return batch.events.map(() => gate.promise);
      },
    });
    await eventually('it takes what it may', () => given === 10_000);
    await new Promise((resolve) => setImmediate(resolve));
    assert.equal(given, 10_000);
    gate.resolve(true);
    await untilAt(15_000n);
  });

  it('a stop waits for what is under way, begins nothing more, and saves its place', async () => {
    const begun = Promise.withResolvers<void>();
    const gate = Promise.withResolvers<void>();
    answer = async () => {
      begun.resolve();
      await gate.promise;
    };
    await append('a', 'a');
    const follower = await start();
    await begun.promise;
    const stopped = follower.stop?.();
    gate.resolve();
    await stopped;
    running = [];
    assert.deepEqual([served, await place()], [['a 1'], 1n]);
  });

  it('one that stands by follows nothing, follows when it is its turn, and leaves off after it', async () => {
    const mine = Promise.withResolvers<AbortSignal>();
    const over = new AbortController();
    let given = 0;
    let turns = 0;
    const turn: Turn = {
      take: (signal) =>
        turns++ === 0
          ? mine.promise
          : delay(60_000, over.signal, { signal, ref: false }).then(() => over.signal),
      give: async () => void given++,
      unknown: () => undefined,
    };
    await append('a');
    const follower = await start({ turn });
    assert.equal(follower.notReady?.(), undefined, 'standing by is right');
    assert.deepEqual(served, []);
    mine.resolve(over.signal);
    await untilServed('a 1');
    over.abort(new Error('It is over.'));
    await eventually('it stands by again', () => turns === 2);
    await append('b');
    await follower.stop?.();
    running = [];
    assert.deepEqual([served, given], [['a 1'], 1]);
  });

  it('one whose turn is over has no lag: another has it', async () => {
    const metrics = createMetrics('follower');
    const lag = () => /^messaging_consumer_lag\{.*\} (\d+)$/m.exec(scraped(metrics))?.[1];
    const over = new AbortController();
    const held = Promise.withResolvers<void>();
    let turns = 0;
    const turn: Turn = {
      take: async (signal) => {
        if (turns++ > 0) await delay(60_000, undefined, { signal, ref: false });
        return over.signal;
      },
      give: async () => undefined,
      unknown: () => undefined,
    };
    answer = () => held.promise;
    await append('a');
    await start({ turn, meter: metrics.meter });
    await eventually('it tells its lag', () => lag() === '1');
    over.abort(new Error('It is over.'));
    // For the other instance.
    await append('b');
    held.resolve();
    await eventually('it stands by again', () => turns === 2);
    assert.equal(lag(), '0');
    await metrics.close();
  });

  it('one that fails again and again gives its turn up, and follows when it may again', async () => {
    let gone = true;
    const { getCheckpoint } = log;
    const store: EventStore = {
      ...log,
      getCheckpoint: (...args) => (gone ? Promise.reject(away()) : getCheckpoint(...args)),
    };
    let given = 0;
    const turn: Turn = {
      take: async () => new AbortController().signal,
      give: async () => void given++,
      unknown: () => undefined,
    };
    await append('a');
    await start({ store, turn });
    await eventually('another may have the turn', () => given > 0);
    gone = false;
    await untilServed('a 1');
  });

  it('one that loses the log while it waits for events gives its turn up, too', async () => {
    let gone = false;
    const { getCheckpoint } = log;
    const store: EventStore = {
      ...log,
      getCheckpoint: (...args) => (gone ? Promise.reject(away()) : getCheckpoint(...args)),
    };
    let given = 0;
    const turn: Turn = {
      take: async () => new AbortController().signal,
      give: async () => void given++,
      unknown: () => undefined,
    };
    await append('a');
    await start({ store, turn });
    await untilAt(1n);
    gone = true;
    await eventually('another may have the turn', () => given > 0);
    gone = false;
    await append('b');
    await untilServed('b 1');
    assert.deepEqual(served, ['a 1', 'b 1']);
  });

  it('failures between which events came are not failures in a row', async () => {
    let given = 0;
    let readings = 0;
    const turn: Turn = {
      take: async () => new AbortController().signal,
      give: async () => void given++,
      unknown: () => undefined,
    };
    const broken: EventStore = {
      ...log,
      batches: async (asking, request) => {
        readings++;
        const all = await log.batches(asking, request);
        return (async function* () {
          for await (const batch of all) {
            yield batch;
            if (readings < 4) throw away();
          }
        })();
      },
    };
    await append('a');
    await start({ store: broken, turn });
    for (const [index, name] of ['a', 'b', 'c', 'd'].entries()) {
      if (index > 0) await append(name);
      await untilServed(`${name} 1`);
    }
    assert.deepEqual([readings, given], [4, 0]);
  });
});
