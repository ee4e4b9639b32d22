import assert from 'node:assert/strict';
import { background } from '../kit/context.ts';
import { CodedError } from '../kit/errors.ts';
import { eventually } from '../testing/eventually.ts';
import type { DeadlineRule } from './deadline-rules.ts';
import { type DeliveryWatch, deliveryWatch } from './delivery-watch.ts';

const ctx = background();
const payer = 'payer';
const reviewer = 'reviewer';
const rule = (waitMs: number, consumer: string, againUpToMs?: number): DeadlineRule => ({
  waitMs,
  ceilingMs: 3_600_000,
  answeredBy: { consumer, eventType: 'any', ...(againUpToMs && { againUpToMs }) },
});
const rules = {
  payment: rule(60_000, payer),
  review: rule(30_000, reviewer),
  void: rule(300_000, payer, 86_400_000),
};
type Kind = keyof typeof rules;

describe('since when a worker could have answered', () => {
  let delivered: Record<string, bigint>;
  let asked: string[];
  let askedBroker: string[];
  let away: boolean;
  let silent: Promise<void>;
  let clock: number;
  let watch: DeliveryWatch<Kind>;

  beforeEach(() => {
    delivered = { [payer]: 100n, [reviewer]: 50n };
    asked = [];
    askedBroker = [];
    away = false;
    silent = Promise.resolve();
    clock = 5_000_000;
    watch = aWatch();
  });

  function aWatch(): DeliveryWatch<Kind> {
    const getCheckpoint = async (_ctx: unknown, consumer: string) => {
      if (away) throw new CodedError('unavailable', 'away', 'It is away.');
      asked.push(consumer);
      return { position: 0n, eventId: '', delivered: delivered[consumer] ?? 0n };
    };
    const broker = (consumers: readonly string[]) => {
      askedBroker.push(...consumers);
      return silent;
    };
    return deliveryWatch({ getCheckpoint }, { rules, everyMs: 1_000, broker, now: () => clock });
  }

  /** `ms` go by, in which it looks every quarter of a second. */
  async function pass(ms: number): Promise<void> {
    for (const end = clock + ms; clock < end; clock += 250) await watch.look(ctx).catch(() => 0);
    await watch.look(ctx).catch(() => 0);
  }

  const rest = (kind: Kind, position: bigint, ceilingInMs = 3_000_000) =>
    watch.rest({ kind, position, ceilingInMs });

  it('asks each worker once in a second, however often it looks', async () => {
    await pass(10_000);
    assert.equal(asked.length, 2 * 11);
    assert.deepEqual(new Set(asked), new Set([payer, reviewer]));
    assert.deepEqual(askedBroker, asked, 'and the broker for the same ones');
  });

  it('a deadline counts from when its event was delivered', async () => {
    await pass(200_000);
    assert.equal(rest('payment', 100n), 0);
    assert.equal(rest('payment', 101n), 60_000, 'it waits in the queue, at least so long');
    delivered[payer] = 120n;
    await pass(1_000);
    assert.equal(rest('payment', 121n), 60_000);
    assert.equal(rest('payment', 120n), 60_000);
    await pass(40_000);
    assert.equal(rest('payment', 120n), 20_000);
    assert.equal(rest('review', 51n), 30_000, 'each kind has its own worker');
    await pass(20_000);
    assert.equal(rest('payment', 101n), 0);
  });

  it('the queue that something waits in may be as long as the ceiling', async () => {
    await pass(200_000);
    assert.equal(rest('payment', 101n, 10_000), 10_000);
    assert.equal(rest('payment', 101n, 0), 0);
    assert.equal(rest('payment', 101n, -5), 0);
    // What its worker has is its worker's: it gets its time.
    delivered[payer] = 101n;
    await pass(1_000);
    assert.equal(rest('payment', 101n, -5), 60_000);
  });

  it('what was delivered before it began to watch gets its time once more', async () => {
    await pass(0);
    assert.equal(rest('payment', 100n), 60_000);
    assert.equal(rest('payment', 1n), 60_000);
    await pass(60_000);
    assert.equal(rest('payment', 1n), 0);
  });

  it('before its first look nothing fires but what is at its ceiling', () => {
    assert.equal(rest('payment', 1n), 60_000);
    assert.equal(rest('payment', 1n, 0), 0);
  });

  it('a deadline that names no event counts by its time alone', async () => {
    assert.equal(rest('payment', 0n), 0);
    await pass(1_000);
    assert.equal(rest('review', 0n), 0);
  });

  it('while the event store is away nobody could answer, and that time does not count', async () => {
    await pass(100_000);
    delivered[payer] = 110n;
    await pass(1_000);
    away = true;
    await pass(600_000);
    away = false;
    await pass(1_000);
    assert.ok(rest('payment', 110n) >= 55_000, `${rest('payment', 110n)}`);
    assert.equal(rest('payment', 100n), 0);
  });

  it('while the broker is away nobody could answer, and what was delivered is delivered once more', async () => {
    delivered[payer] = 110n;
    await pass(50_000);
    assert.equal(rest('payment', 110n), 10_000);
    silent = Promise.reject(new Error('The connection to NATS is lost.'));
    silent.catch(() => undefined);
    await pass(600_000);
    assert.equal(rest('payment', 110n), 10_000);
    silent = Promise.resolve();
    await pass(1_000);
    assert.equal(rest('payment', 110n), 60_000);
    assert.equal(rest('payment', 1n), 60_000);
    await pass(60_000);
    assert.equal(rest('payment', 110n), 0);
  });

  it('a broker that misses one question on a busy machine ends no wait and begins none again', async () => {
    delivered[payer] = 110n;
    await pass(50_000);
    const missed = Promise.reject(new Error('TIMEOUT'));
    missed.catch(() => undefined);
    for (let n = 0; n < 5; n++) {
      silent = missed;
      await pass(1_000);
      silent = Promise.resolve();
      await pass(1_000);
    }
    const left = rest('payment', 110n);
    assert.ok(left > 0 && left <= 6_000, `${left}`);
    await pass(6_000);
    assert.equal(rest('payment', 110n), 0);
  });

  it('a broker that is silent is away, and is asked once', async () => {
    const everyMs = 20;
    let questions = 0;
    const { promise, resolve } = Promise.withResolvers<void>();
    watch = deliveryWatch(
      { getCheckpoint: async () => ({ position: 0n, eventId: '', delivered: 110n }) },
      {
        rules,
        everyMs,
        silentMs: 60,
        now: () => clock,
        broker: () => (questions++ < 100 ? silent : promise),
      },
    );
    silent = Promise.resolve();
    await pass(5_000);
    const before = rest('payment', 110n);
    assert.ok(before < 60_000);
    questions = 100;
    await pass(1_000);
    assert.equal(questions, 101);
    assert.equal(rest('payment', 110n), before);
    questions = 0;
    resolve();
    await eventually('it answers', async () => {
      await pass(250);
      return rest('payment', 110n) === 60_000;
    });
  });

  it('a broker that goes away again and again ends no wait for ever', async () => {
    await pass(0);
    assert.equal(rest('payment', 100n, -59_999), 60_000);
    assert.equal(rest('payment', 100n, -60_000), 0);
  });

  it('a process that was frozen, or a machine that slept, has watched nobody meanwhile', async () => {
    delivered[payer] = 110n;
    await pass(1_000);
    clock += 8 * 3_600_000;
    await pass(1_000);
    assert.ok(rest('payment', 110n) >= 55_000, `${rest('payment', 110n)}`);
  });

  it('a stream that is made again is delivered again: what it holds gets its time once more', async () => {
    delivered[payer] = 200n;
    await pass(100_000);
    assert.equal(rest('payment', 200n), 0);
    delivered[payer] = 150n;
    await pass(1_000);
    assert.equal(rest('payment', 150n), 0, 'what it goes on after was answered long ago');
    assert.equal(rest('payment', 160n), 60_000);
    delivered[payer] = 200n;
    await pass(20_000);
    assert.equal(rest('payment', 160n), 41_000);
    assert.equal(rest('payment', 150n), 0);
  });

  it('a void is asked for again as soon as its request was delivered, and not before', async () => {
    await pass(1_000);
    assert.equal(rest('void', 100n), 0);
    assert.equal(rest('void', 101n), 300_000);
    assert.equal(rest('void', 101n, 0), 0);
  });

  it('remembers as far back as the longest wait, and no further', async () => {
    for (let n = 0n; n < 1_000n; n++) {
      delivered[payer] = 100n + n;
      await pass(1_000);
    }
    // A mark for each second of the wait, and the one before.
    const since = Array.from({ length: 1_100 }, (_, n) => rest('payment', BigInt(n + 1)));
    assert.ok(new Set(since).size <= 63, `${new Set(since).size}`);
    assert.equal(since[0], 0);
  });
});
