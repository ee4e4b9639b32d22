/**
 * A world in which everything that can happen to an order happens in a random
 * order: the real handlers of all services over a log, a gateway, a table of
 * deadlines and a read model in memory, under a clock that is moved by hand. A
 * seed decides everything, so each world can be lived again.
 *
 * Messages are delivered late, twice, out of order, and twice at once; durables
 * begin again; the coordinator follows the log in batches, gathers, and crashes; answers of the log and of the gateway are lost before or after
 * their effect, which is what a crash between two steps looks like from the next
 * delivery; what fails too often is parked and replayed; several things happen
 * at once, interleaved wherever a handler waits. Meanwhile the oracle looks at
 * each commit (step-rules.ts), people check each answer (people.ts), and in the
 * end every book is read (end-rules.ts).
 */
import { createOrderService } from '../../services/ordersvc/service.ts';
import { createRecentWrites } from '../../services/ordersvc/views/recent-writes.ts';
import {
  eventTypes,
  type OrderEventCodec,
  orderEventCodec,
} from '../../shared/contracts/events.ts';
import { durables, ORDER_AGGREGATE, ORDERS_STREAM } from '../../shared/contracts/subjects.ts';
import type { OrderEvent } from '../../shared/domain/order.ts';
import { readable } from '../../shared/eventstore/command-handler.ts';
import type { RecordedEvent } from '../../shared/eventstore/event-store.ts';
import { createMemoryEventStore } from '../../shared/eventstore/memory/memory-event-store.ts';
import { background } from '../../shared/kit/context.ts';
import { CodedError } from '../../shared/kit/errors.ts';
import { dice } from './dice.ts';
import { type Ending, endWrongs, type Lived } from './end-rules.ts';
import { type Faults, faulty } from './faults.ts';
import { followerQueue } from './follower-queue.ts';
import { askForReplays, serveReplays } from './letters.ts';
import { memoryDeadlines } from './memory-deadlines.ts';
import { memoryGateway } from './memory-gateway.ts';
import { memoryReadModel } from './memory-read-model.ts';
import { FOREIGN, people, wishOf } from './people.ts';
import { projections } from './projections.ts';
import { stepRules } from './step-rules.ts';
import { inVirtualTime } from './virtual-time.ts';
import { workerQueue } from './worker-queue.ts';
import { CEILING_MS, WAIT_MS, workers } from './workers.ts';

const codec = remembering(orderEventCodec(2));
const AMOUNT = 1_250;
/** Restaurants by how they review: by hand, never, or by policy. */
const RESTAURANTS = ['by-hand', 'closed', 'open'] as const;
const LEASE_MS = 60_000;
const ROUNDS = 10;

/** Lives one world to its end. Rejects when a handler fails in a way that no fault explains. */
export function live(seed: number): Promise<Lived> {
  const random = dice(seed);
  return inVirtualTime(
    () => random.below(2 ** 30) / 2 ** 30,
    () => lived(seed),
  );
}

async function lived(seed: number): Promise<Lived> {
  const random = dice(seed);
  const story: string[] = [];
  const wrongs: string[] = [];
  let clock = Date.parse('2026-01-01T00:00:00Z');
  let failing = random.chance(0.8);
  const faults: Faults = {
    random,
    on: () => failing,
    tell: (line) => story.push(line),
  };
  const wrong = (what: string) => {
    faults.tell(`WRONG ${what}`);
    wrongs.push(what);
  };

  const published: RecordedEvent[] = [];
  const histories = new Map<string, RecordedEvent[]>();
  const historyOf = (orderId: string) => histories.get(orderId) ?? [];
  const spoilt = (orderId: string) => historyOf(orderId).some((entry) => isUnreadable(entry));
  const gateway = memoryGateway((orderId) => poor.has(orderId));
  const rules = stepRules({ codec, gateway, histories, now: () => clock, wrong });

  const log = createMemoryEventStore({
    stream: ORDERS_STREAM,
    now: () => new Date(clock),
    committed: (events) => {
      for (const event of events) {
        faults.tell(`  log ${event.aggregateId} v${event.version} ${event.eventType}`);
        rules.committed(event);
        histories.set(event.aggregateId, [...historyOf(event.aggregateId), event]);
        published.push(event);
        for (const queue of queues) queue.push(event);
      }
    },
  });
  const store = faulty(
    log,
    ['append', 'readAggregate', 'read', 'park', 'takeReplays', 'resolveReplay'],
    'log',
    faults,
  );
  const deadlines = memoryDeadlines(() => clock);
  const readModel = memoryReadModel(rules.rowWritten);

  const { handlers, startCoordinator, deadlineDue } = workers({
    store,
    gateway: faulty(gateway, ['debit', 'void'], 'gateway', faults),
    writes: faulty(deadlines, ['write'], 'deadlines', faults),
    codec,
    answered: rules.answered,
  });
  /** The acknowledgement of what only asking again brings back. */
  const stolen = ({ eventType }: RecordedEvent) => eventType === eventTypes.voidrequested;
  /** Those that orders wait for; the coordinator sees to it that none waits for ever. */
  const answering = Object.entries(handlers)
    .filter(([name]) => name !== durables.saga)
    .map(([name, handler]) => workerQueue({ name, handler, faults, stolen }));
  const following = followerQueue({ name: durables.saga, start: startCoordinator, faults });
  const queues = [...answering, following];
  const projection = projections(
    faulty(readModel.writeSide, ['checkpoint', 'rows', 'write'], 'read model', faults),
    codec,
    () => published,
    faults,
  );
  const service = createOrderService({
    store,
    storeAway: () => false,
    readModel: {
      ...faulty(readModel.readSide, ['find'], 'read model', faults),
      list: () => Promise.reject(new Error('Nobody lists here.')),
    },
    recent: createRecentWrites(),
    codec,
    patienceMs: 60_000,
    now: () => new Date(clock),
  });
  const crowd = people({ service, historyOf, spoilt, codec, wrong, faults });

  const wishes = Array.from({ length: random.below(2) + 1 }, (_, n) =>
    wishOf(`wish-${n}`, random.pick(RESTAURANTS), AMOUNT + n),
  );
  const poor = new Set(wishes.filter(() => random.chance(0.2)).map(({ orderId }) => orderId));
  const wish = () => random.pick(wishes);

  async function fireDue(): Promise<void> {
    for (const deadline of deadlines.due()) {
      faults.tell(`deadline ${deadline.aggregateId} ${deadline.kind}`);
      await deadlineDue(deadline).catch((error: unknown) => {
        if (!(error instanceof CodedError)) throw error;
        faults.tell(`  deadline failed: ${error.code}`);
      });
    }
  }

  async function replayAll(): Promise<void> {
    await askForReplays(log, faults);
    for (const consumer of [durables.payment, durables.review, durables.saga]) {
      const handler = handlers[consumer];
      if (handler !== undefined) await serveReplays(consumer, handler, store, published, faults);
    }
  }

  /** A foreign writer appends to an order: an unreadable event, or one of an unknown type. */
  async function intrude(): Promise<void> {
    const { orderId } = wish();
    const isNew = historyOf(orderId).length === 0;
    if (isNew && random.chance(0.8)) return;
    const token = random.pick(['soldout', 'paymentfailed', 'cancelled'] as const);
    const event = {
      eventId: `${FOREIGN}${published.length}`,
      eventType: `${ORDERS_STREAM}.${token}`,
      aggregateId: orderId,
      aggregateType: ORDER_AGGREGATE,
      data: '{"order_id":5}',
      metadata: {},
    };
    await log.append(background('foreign'), { events: [event] });
  }

  /** A gateway keeps its keys for a day; the log keeps answers for ever. */
  async function forgetKeys(): Promise<void> {
    const { orderId } = wish();
    if (!rules.paymentIsAnswered(orderId)) return;
    faults.tell(`the gateway forgets the keys of ${orderId}`);
    gateway.forget(orderId);
    // By then each durable has been subscribed to again.
    for (const queue of queues) queue.beginAgain(published);
  }

  const often: (() => Promise<unknown>)[] = [
    ...[...queues, ...queues].map((queue) => () => queue.deliver()),
    () => projection.project(),
    fireDue,
    async () => {
      clock += random.below(WAIT_MS);
    },
    () => crowd.place(wish()),
    () => crowd.read(wish()),
  ];
  const seldom: (() => Promise<unknown>)[] = [
    () => crowd.decide(wish(), 'cancel'),
    () => crowd.decide(wish(), 'approve'),
    () => crowd.decide(wish(), 'reject'),
    () => crowd.decide(wish(), random.pick(['cancel', 'approve', 'reject'] as const)),
    async () => random.pick(queues).beginAgain(published),
    replayAll,
    async () => (random.chance(0.3) ? intrude() : undefined),
    async () => (random.chance(0.3) ? forgetKeys() : undefined),
  ];

  for (let step = random.below(80); step > 0; step--) {
    const together = Array.from({ length: random.below(3) + 1 }, () =>
      random.pick(random.chance(0.15) ? seldom : often),
    );
    await Promise.all(together.map((action) => action()));
  }

  // The faults end, and everything pending happens. Each round is longer than every deadline and
  // lease, and an order needs few of them. A worker may stay away for some rounds: the others end
  // what waits for it.
  failing = false;
  for (const one of wishes) await crowd.place(one);
  const away = random.chance(0.3) ? random.pick(answering) : undefined;
  for (let round = 0; round < ROUNDS; round++) {
    const there = queues.filter((queue) => queue !== away || round >= ROUNDS / 2);
    for (const queue of [...there, ...there]) while (await queue.deliver());
    clock += Math.max(CEILING_MS, LEASE_MS) + 1;
    await fireDue();
    await replayAll();
    if (round > 1) rules.nothingWaits();
  }
  while (readModel.checkpoint() < BigInt(published.length)) await projection.project();
  for (const one of wishes) await crowd.read(one);

  const endings: Ending[] = [];
  for (const { orderId, amount } of wishes) {
    if (historyOf(orderId).length === 0) continue;
    endings.push({
      orderId,
      amount,
      history: historyOf(orderId),
      money: gateway.moved(orderId),
      row: readModel.rows.get(orderId),
    });
  }
  const letters = await log.deadLetters(background('end'), { limit: 1_000 });
  const left = { deadlines: deadlines.size(), letters, failures: readModel.failures };
  const ended = endWrongs(codec, endings, left);
  return { seed, endings, wrongs: [...wrongs, ...ended], story };
}

/** `codec`, which reads each event once: a world asks for the same ones again and again. */
function remembering({ encode, decode }: OrderEventCodec): OrderEventCodec {
  const read = new WeakMap<object, () => OrderEvent | undefined>();
  return {
    encode,
    decode: (entry) => {
      let known = read.get(entry);
      if (known === undefined) {
        known = once(() => decode(entry));
        read.set(entry, known);
      }
      return known();
    },
  };
}

/** What `work` gives, or throws, each time. */
function once<T>(work: () => T): () => T {
  try {
    const value = work();
    return () => value;
  } catch (error) {
    return () => {
      throw error;
    };
  }
}

/** Of a type that is known here, with a payload that is not. */
function isUnreadable(entry: RecordedEvent): boolean {
  return readable(codec, entry) === undefined && !entry.eventType.endsWith('.soldout');
}
