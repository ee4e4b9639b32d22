/**
 * The oracle of the follower: whatever happens to orders, in whatever batches and windows it is
 * followed, and wherever the coordinator crashes, in the end the deadlines and the commands are
 * those of following each event singly.
 */
import assert from 'node:assert/strict';
import { setTimeout as delay } from 'node:timers/promises';
import fc from 'fast-check';
import { orderEventCodec } from '../../shared/contracts/events.ts';
import {
  durables,
  ORDER_AGGREGATE,
  ORDERS_STREAM,
  orderAggregate,
} from '../../shared/contracts/subjects.ts';
import type { OrderEvent } from '../../shared/domain/order.ts';
import type { EventStore, RecordedEvent } from '../../shared/eventstore/event-store.ts';
import { createMemoryEventStore } from '../../shared/eventstore/memory/memory-event-store.ts';
import { logFollower } from '../../shared/eventstore/worker/log-follower.ts';
import { background } from '../../shared/kit/context.ts';
import { chain, nop } from '../../shared/kit/endpoint.ts';
import { CodedError } from '../../shared/kit/errors.ts';
import { silentLogger } from '../../shared/kit/logger.ts';
import { noMeter } from '../../shared/kit/metrics/meter.ts';
import { deadLetter } from '../../shared/kit/middleware/dead-letter.ts';
import type { Component } from '../../shared/kit/process/lifecycle.ts';
import { noHook } from '../../shared/kit/transport/hooks.ts';
import { minor } from '../../shared/money/money.ts';
import type { Deadline, DeadlineKey, Deadlines } from '../../shared/process-manager/deadlines.ts';
import { gatheredWrites } from '../../shared/process-manager/gathered-writes.ts';
import { groupedWrites } from '../../shared/process-manager/grouped-writes.ts';
import { owedDeadlines } from '../../shared/process-manager/rebuild.ts';
import { inVirtualTime } from '../../stack/interleavings/virtual-time.ts';
import { sagaEndpoints } from './endpoints.ts';
import { orderProcess } from './saga/order-process.ts';
import type { DeadlineKind } from './saga/saga.ts';
import { createSagaService } from './service.ts';

const codec = orderEventCodec(2);
const ctx = background('submission-1');
const times = { payment: 60_000, review: 60_000, void: 300_000, ceiling: 3_600_000 };
const process = orderProcess(times, codec);
/** Longer than from one checkpoint to the next: most crashes come in between. */
const WINDOW_MS = 1_500;
const ORDERS = ['a', 'b', 'c', 'd'] as const;

type Row = Deadline<DeadlineKind>;
type Table = Map<string, Row>;

const happenings = {
  created: (orderId) => ({
    type: 'created',
    order: {
      orderId,
      customerId: 'customer-1',
      restaurantId: 'restaurant-1',
      amount: minor(100),
      items: [],
      createdOn: '2026-01-01T00:00:00.000Z',
    },
  }),
  paymentdebited: (orderId) => ({
    type: 'paymentdebited',
    orderId,
    customerId: 'customer-1',
    amount: minor(100),
    paymentId: `payment-${orderId}`,
  }),
  paymentfailed: (orderId) => ({ type: 'paymentfailed', orderId, reason: 'no' }),
  approved: (orderId) => ({ type: 'approved', orderId, decidedBy: 'me' }),
  rejected: (orderId) => ({ type: 'rejected', orderId, decidedBy: 'me', reason: 'no' }),
  cancelled: (orderId) => ({ type: 'cancelled', orderId, decidedBy: 'me', reason: 'no' }),
  paymentvoided: (orderId) => ({ type: 'paymentvoided', orderId, paymentId: '' }),
} as const satisfies Partial<Record<OrderEvent['type'], (orderId: string) => OrderEvent>>;

type Happening = keyof typeof happenings;

const anything = fc.array(fc.constantFrom(...(Object.keys(happenings) as Happening[])), {
  maxLength: 5,
});

/**
 * What happens to an order: the usual, or anything. It begins with its creation, or with money
 * for an order that does not exist: nobody can answer what was never there.
 */
const histories = fc.oneof(
  { weight: 3, arbitrary: fc.constant(['created', 'paymentdebited', 'approved'] as const) },
  { weight: 1, arbitrary: fc.constant(['created', 'paymentfailed'] as const) },
  { weight: 1, arbitrary: fc.constant(['created', 'paymentdebited', 'rejected'] as const) },
  { weight: 2, arbitrary: anything.map((more) => ['created', ...more] as const) },
  { weight: 1, arbitrary: anything.map((more) => ['paymentdebited', ...more] as const) },
);

/** Before each event: how long nothing happens, whether the coordinator crashes, and how what it asks fails. */
const moments = fc.record({
  order: fc.constantFrom(...ORDERS),
  pauseMs: fc.constantFrom(0, 0, 0, 5, 300, 1_100),
  crash: fc.boolean(),
});

function tableOf(rows: Table): Pick<Deadlines<DeadlineKind>, 'put' | 'remove'> {
  const name = ({ aggregateId, kind }: DeadlineKey) => `${aggregateId} ${kind}`;
  return {
    put: async (_ctx, deadlines) => {
      for (const deadline of deadlines) rows.set(name(deadline), deadline);
    },
    remove: async (_ctx, keys) => {
      for (const key of keys) {
        const { causedBy = rows.get(name(key))?.causedBy } = key;
        if (rows.get(name(key))?.causedBy === causedBy) rows.delete(name(key));
      }
    },
  };
}

/** `target`, asked by an instance that may be dead: then nothing is done, and nothing answered. */
function through<T extends object>(target: T, life: { alive: boolean; fault(): Fault }): T {
  const away = () => new CodedError('unavailable', 'away', 'It does not answer.');
  return new Proxy(target, {
    get: (_target, name) => {
      const method = Reflect.get(target, name) as (...args: unknown[]) => Promise<unknown>;
      // What the store cannot do it cannot do here.
      if (method === undefined) return undefined;
      return async (...args: unknown[]) => {
        if (!life.alive) return new Promise(() => undefined);
        const fault = name === 'batches' || name === 'head' ? 'none' : life.fault();
        if (fault === 'before') throw away();
        const result = await method(...args);
        if (!life.alive) return new Promise(() => undefined);
        if (fault === 'after') throw away();
        return result;
      };
    },
  });
}

type Fault = 'none' | 'before' | 'after';

function coordinator(
  store: EventStore,
  rows: Table,
  fault: () => Fault,
): { readonly follower: Component; kill(): void } {
  const life = { alive: true, fault };
  const log = through(store, life);
  const table = through(tableOf(rows), life);
  const writes = gatheredWrites(groupedWrites<DeadlineKind>(table), WINDOW_MS);
  const endpoints = sagaEndpoints(createSagaService(log, writes, times, codec), codec, {
    event: () =>
      chain(
        deadLetter({
          consumer: durables.saga,
          park: (asked, letter) => log.park(asked, letter),
          insist: true,
          logger: silentLogger,
          meter: noMeter,
        }),
      ),
    batch: () => nop,
    deadline: () => nop,
  });
  const follower = logFollower({
    ...endpoints,
    consumer: durables.saga,
    aggregateType: ORDER_AGGREGATE,
    store: log,
    hook: noHook,
    replayHook: noHook,
    continued: (context) => context,
    settings: { maxInFlight: 4, maxDeliver: 3, retryDelaysMs: [5, 20] },
    logger: silentLogger,
    meter: noMeter,
  });
  return {
    follower,
    kill: () => {
      life.alive = false;
    },
  };
}

const logOf = () => createMemoryEventStore({ stream: ORDERS_STREAM, now: () => new Date(0) });

async function append(store: EventStore, orderId: string, happening: Happening, n: number) {
  await store.append(ctx, {
    events: [
      {
        eventId: `given-${n}`,
        aggregateId: orderId,
        aggregateType: ORDER_AGGREGATE,
        metadata: { correlation_id: 'submission-1' },
        ...codec.encode(happenings[happening](orderId)),
      },
    ],
  });
}

const eventsOf = (store: EventStore, orderId: string) =>
  store.readAggregate(ctx, orderAggregate(orderId));

/** No order waits for a command any more. */
async function isQuiet(store: EventStore): Promise<boolean> {
  const owed = ORDERS.map(async (orderId) =>
    owedDeadlines(process, orderId, await eventsOf(store, orderId)),
  );
  return (await Promise.all(owed)).every(({ owesCommand }) => !owesCommand);
}

async function until(what: string, holds: () => Promise<boolean>): Promise<void> {
  for (let n = 0; n < 60_000; n++) {
    if (await holds()) return;
    await delay(1);
  }
  assert.fail(`never: ${what}`);
}

interface Lived {
  readonly store: EventStore;
  readonly rows: Table;
}

/** The rules: each event followed singly, at once. */
async function singly(plan: readonly { order: string; happening: Happening }[]): Promise<Lived> {
  const store = logOf();
  const rows: Table = new Map();
  const writes = gatheredWrites(groupedWrites<DeadlineKind>(tableOf(rows)), 0);
  const service = createSagaService(store, writes, times, codec);
  let followed = 0n;
  for (const [n, { order, happening }] of plan.entries()) {
    await append(store, order, happening, n);
    for (;;) {
      const { events } = await store.read(ctx, { afterPosition: followed, limit: 1 });
      const [event] = events;
      if (event === undefined) break;
      await service.follow(ctx, event);
      followed = event.position;
    }
  }
  return { store, rows };
}

describe('orders followed in batches', function () {
  this.timeout(120_000);

  interface Case {
    readonly plan: readonly {
      order: string;
      happening: Happening;
      pauseMs: number;
      crash: boolean;
    }[];
    readonly faults: readonly Fault[];
  }
  /** The histories of the orders, interleaved. */
  const cases = (fault: fc.Arbitrary<Fault>, crashes: boolean): fc.Arbitrary<Case> =>
    fc
      .record({
        histories: fc.tuple(...ORDERS.map(() => histories)),
        moments: fc.array(moments, { minLength: 24, maxLength: 24 }),
        faults: fc.array(fault, { maxLength: 40 }),
      })
      .map(({ histories: all, moments: order, faults }) => {
        const left = new Map(ORDERS.map((id, n) => [id, [...(all[n] ?? [])]]));
        const plan = [];
        for (const moment of order) {
          const [happening] = left.get(moment.order)?.splice(0, 1) ?? [];
          if (happening !== undefined) {
            plan.push({ ...moment, happening, crash: crashes && moment.crash });
          }
        }
        return { plan, faults };
      });

  async function inBatches({ plan, faults }: Case): Promise<Lived> {
    const store = logOf();
    const rows: Table = new Map();
    const left = [...faults];
    const start = async () => {
      const one = coordinator(store, rows, () => left.shift() ?? 'none');
      await one.follower.start?.();
      return one;
    };
    let running = await start();
    for (const [n, { order, happening, pauseMs, crash }] of plan.entries()) {
      if (pauseMs > 0) await delay(pauseMs);
      if (crash) {
        running.kill();
        running = await start();
      }
      await append(store, order, happening, n);
      // Commands depend on what has happened before: they are given at the same moments.
      await until('commands are given', () => isQuiet(store));
    }
    const head = await store.head(ctx);
    await until('all is done', async () => {
      const { position } = await store.getCheckpoint(ctx, durables.saga);
      return position === head;
    });
    await running.follower.stop?.();
    return { store, rows };
  }

  const sorted = (rows: Table) => [...rows].sort(([a], [b]) => (a < b ? -1 : 1));
  const log = async (store: EventStore) => {
    const own = await Promise.all(ORDERS.map((orderId) => eventsOf(store, orderId)));
    return own.map((events: readonly RecordedEvent[]) =>
      events.map(({ eventId, eventType, data, version }) => [eventId, eventType, data, version]),
    );
  };

  async function holds(one: Case, compare: (got: Table, wanted: Table) => void): Promise<void> {
    const wanted = await singly(one.plan);
    const got = await inVirtualTime(
      () => 0.5,
      () => inBatches(one),
    );
    assert.deepEqual(await log(got.store), await log(wanted.store));
    compare(got.rows, wanted.rows);
  }

  it('have the deadlines and the commands of each event followed singly, wherever it crashes', async () => {
    await fc.assert(
      fc.asyncProperty(cases(fc.constant('none'), true), (one) =>
        holds(one, (got, wanted) => assert.deepEqual(sorted(got), sorted(wanted))),
      ),
      { numRuns: 30 },
    );
  });

  /** One event alone tells something else than all events together, as random histories found. */
  const misleading: Case = {
    plan: (['paymentdebited', 'approved', 'created'] as const).map((happening) => ({
      order: 'd',
      happening,
      pauseMs: 0,
      crash: false,
    })),
    faults: [],
  };

  it('have them, too, when the whole log is followed again, as after a restore', async () => {
    await fc.assert(
      fc.asyncProperty(cases(fc.constant('none'), false), async (one) => {
        const { store, rows: wanted } = await singly(one.plan);
        const rows: Table = new Map();
        let reads = 0;
        const counted: EventStore = {
          ...store,
          readAggregate: (...asked) => {
            reads += 1;
            return store.readAggregate(...asked);
          },
        };
        await inVirtualTime(
          () => 0.5,
          async () => {
            const { follower } = coordinator(counted, rows, () => 'none');
            await follower.start?.();
            const head = await store.head(ctx);
            await until('all is done', async () => {
              const { position } = await store.getCheckpoint(ctx, durables.saga);
              return position === head;
            });
            await follower.stop?.();
          },
        );
        assert.deepEqual(sorted(rows), sorted(wanted));
        assert.equal(reads, 0, 'no order is read: the batch has all its events');
      }),
      { numRuns: 60, examples: [[misleading]] },
    );
  });

  it('have no deadline too few, and every command once, whatever fails before or after its effect', async () => {
    const fault = fc.constantFrom<Fault>('none', 'before', 'after');
    await fc.assert(
      fc.asyncProperty(cases(fault, true), (one) =>
        holds(one, (got, wanted) => {
          for (const [name, row] of wanted) assert.deepEqual(got.get(name), row, name);
        }),
      ),
      { numRuns: 30 },
    );
  });
});
