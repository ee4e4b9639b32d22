import assert from 'node:assert/strict';
import { orderEventCodec } from '../../../shared/contracts/events.ts';
import { ORDER_AGGREGATE, ORDERS_STREAM } from '../../../shared/contracts/subjects.ts';
import type { OrderEvent } from '../../../shared/domain/order.ts';
import type { EventStore, StreamRequest } from '../../../shared/eventstore/event-store.ts';
import { newId } from '../../../shared/eventstore/ids.ts';
import { createMemoryEventStore } from '../../../shared/eventstore/memory/memory-event-store.ts';
import { background } from '../../../shared/kit/context.ts';
import { CodedError } from '../../../shared/kit/errors.ts';
import { silentLogger } from '../../../shared/kit/logger.ts';
import { minor } from '../../../shared/money/money.ts';
import { eventually } from '../../../shared/testing/eventually.ts';
import { type LogWatch, logWatch } from './log-watch.ts';
import { createOrderChanges } from './order-changes.ts';

const codec = orderEventCodec(2);
const patience = { paymentMs: 60_000, reviewMs: 60_000 };
const created = (orderId: string): OrderEvent => ({
  type: 'created',
  order: {
    orderId,
    customerId: 'ada',
    restaurantId: 'trattoria',
    amount: minor(100),
    items: [],
    createdOn: '2026-03-01T18:30:00.000Z',
  },
});
const failed = (orderId: string): OrderEvent => ({
  type: 'paymentfailed',
  orderId,
  reason: 'declined',
});

describe('the watch over the log', () => {
  let store: EventStore;
  let watch: LogWatch | undefined;
  beforeEach(() => {
    store = createMemoryEventStore({ stream: ORDERS_STREAM });
  });
  afterEach(() => watch?.stop?.());

  const append = (aggregateId: string, event: OrderEvent) =>
    store.append(background(), {
      events: [
        {
          ...codec.encode(event),
          eventId: newId(),
          aggregateId,
          aggregateType: ORDER_AGGREGATE,
          metadata: {},
        },
      ],
    });

  async function watching(over: Partial<EventStore> = {}, lookBack = 100) {
    const changes = createOrderChanges(codec, patience);
    const started = logWatch({
      store: { ...store, ...over },
      changes,
      logger: silentLogger,
      lookBack,
    });
    watch = started;
    await started.start?.();
    return { changes, log: started };
  }

  it('knows what was there before, and tells what comes', async () => {
    await append('a', created('a'));
    const { changes, log } = await watching();
    await eventually('it has read the past', () => log.position() === 1n);
    assert.deepEqual([changes.accepted, changes.open(0).Pending], [0, 1]);
    await append('b', created('b'));
    await append('a', failed('a'));
    await eventually('it has read what came', () => log.position() === 3n);
    const { newest, changed } = await log.look(10);
    assert.deepEqual(
      newest.map(({ orderId, state }) => [orderId, state.status]),
      [
        ['a', 'PaymentFailed'],
        ['b', 'Pending'],
      ],
    );
    assert.deepEqual([changed, changes.accepted, changes.completed], [2, 1, 1]);
    assert.equal(log.blind(), undefined);
  });

  it('takes events a few times a second, as many as there are, and as little of each as it needs', async () => {
    const requests: StreamRequest[] = [];
    await append('a', created('a'));
    const { log } = await watching({
      batches: (ctx, request) => {
        requests.push(request);
        return store.batches(ctx, request);
      },
    });
    await eventually('it has read', () => log.position() === 1n);
    assert.equal(log.head(), 1n);
    assert.deepEqual(requests, [
      { follow: true, afterPosition: 0n, gatherMs: 250, withoutMetadata: true },
    ]);
  });

  it('orders that began before what it read are read whole, when they change', async () => {
    await append('a', created('a'));
    await append('b', created('b'));
    const { log } = await watching({}, 1);
    await eventually('it has read the past', () => log.position() === 2n);
    assert.match(log.blind() ?? '', /at or before position 1/);
    await append('a', failed('a'));
    await eventually('it has read what came', () => log.position() === 3n);
    const { newest } = await log.look(10);
    assert.deepEqual(
      newest.map(({ state }) => [state.status, state.details?.customerId]),
      [['PaymentFailed', 'ada']],
    );
  });

  it('goes on behind the last event that it saw when the log was away', async () => {
    let fail: ((error: Error) => void) | undefined;
    const { changes, log } = await watching({
      batches: async (ctx, request) => {
        const batches = await store.batches(ctx, request);
        const lost = new Promise<never>((_resolve, reject) => {
          fail = reject;
        });
        lost.catch(() => undefined);
        return (async function* () {
          const each = batches[Symbol.asyncIterator]();
          for (;;) {
            const next = await Promise.race([each.next(), lost]);
            if (next.done) return;
            yield next.value;
          }
        })();
      },
    });
    await eventually('it reads', () => log.degraded?.() === undefined && fail !== undefined);
    await append('a', created('a'));
    await eventually('it saw the first', () => log.position() === 1n);
    fail?.(new CodedError('unavailable', 'eventstore_unavailable', 'It is away.'));
    await eventually('it says so', () => /cannot be read/.test(log.blind() ?? ''));
    await append('b', created('b'));
    await eventually('it saw the second', () => log.position() === 2n);
    assert.equal(changes.accepted, 2, 'each once');
    assert.equal(log.degraded?.(), undefined);
  });

  it('of a log that is another one it begins with what is there', async () => {
    let reads = 0;
    const { log } = await watching({
      batches: (ctx, request) => {
        if (++reads > 1) return store.batches(ctx, request);
        const gone = new CodedError('precondition_failed', 'place_not_in_log', 'It is not there.');
        return Promise.reject(gone);
      },
    });
    await append('a', created('a'));
    await eventually('it reads on', () => log.position() === 1n);
  });

  it('of a log that is another one it counts nothing of the one before', async () => {
    await append('a', created('a'));
    let fail: ((error: Error) => void) | undefined;
    const gone = new CodedError('precondition_failed', 'place_not_in_log', 'It is not there.');
    const other = createMemoryEventStore({ stream: ORDERS_STREAM });
    const { changes, log } = await watching({
      head: (ctx) => (fail === undefined ? store : other).head(ctx),
      batches: async (ctx, request) => {
        if (fail !== undefined) return other.batches(ctx, request);
        const lost = new Promise<never>((_resolve, reject) => {
          fail = reject;
        });
        const batches = await store.batches(ctx, { ...request, follow: false });
        return (async function* () {
          yield* batches;
          yield await lost;
        })();
      },
    });
    await eventually('it knows the one', () => changes.open(0).Pending === 1);
    fail?.(gone);
    await eventually('it reads the other', () => log.position() === 0n && !log.degraded?.());
    assert.equal(changes.open(0).Pending, 0);
  });

  it('is blind until the log answers', async () => {
    let asked = 0;
    let answer: (() => void) | undefined;
    const { log } = await watching({
      batches: async (ctx, request) => {
        if (++asked === 1) throw new CodedError('unavailable', 'eventstore_unavailable', 'Away.');
        await new Promise<void>((resolve) => {
          answer = resolve;
        });
        return store.batches(ctx, request);
      },
    });
    await eventually('it asks again', () => answer !== undefined);
    assert.match(log.degraded?.() ?? '', /cannot be read: Away/);
    answer?.();
    await eventually('it sees', () => log.degraded?.() === undefined);
  });
});
