/**
 * A world in which everything that can happen to an order happens in a random
 * order: the real handlers of all services over a log, a gateway and a table of
 * deadlines in memory, under a clock that is moved by hand. A seed decides
 * everything, so each world can be lived again.
 *
 * Messages are delivered late, twice and out of order; answers of the log and
 * of the gateway are lost before or after their effect, which is what a crash
 * between two steps looks like from the next delivery; several things happen
 * at once, interleaved wherever a handler waits.
 */

import { createOrderDecisions } from '../../services/ordersvc/order-decisions.ts';
import { createRecentWrites } from '../../services/ordersvc/recent-writes.ts';
import { paymentEndpoints } from '../../services/paymentworker/endpoints.ts';
import { createPaymentService } from '../../services/paymentworker/service.ts';
import { reviewEndpoints } from '../../services/reviewworker/endpoints.ts';
import { createReviewService } from '../../services/reviewworker/service.ts';
import { sagaEndpoints } from '../../services/sagacoordinator/endpoints.ts';
import { createSagaService } from '../../services/sagacoordinator/service.ts';
import { orderEventCodec } from '../../shared/contracts/events.ts';
import { ORDER_AGGREGATE, ORDERS_STREAM } from '../../shared/contracts/subjects.ts';
import { minor } from '../../shared/domain/money.ts';
import { decide, type OrderState } from '../../shared/domain/order.ts';
import {
  createOrderCommandHandler,
  foldRecorded,
} from '../../shared/eventstore/command-handler.ts';
import type { RecordedEvent } from '../../shared/eventstore/event-store.ts';
import { createMemoryEventStore } from '../../shared/eventstore/memory-event-store.ts';
import { background, causedBy } from '../../shared/kit/context.ts';
import type { Delivery } from '../../shared/kit/delivery.ts';
import { nop } from '../../shared/kit/endpoint.ts';
import { CodedError } from '../../shared/kit/errors.ts';
import { type Dice, dice } from './dice.ts';
import { memoryDeadlines } from './memory-deadlines.ts';
import { type MemoryGateway, memoryGateway } from './memory-gateway.ts';

/** How an order of the world came out. */
export interface Ending {
  readonly orderId: string;
  readonly amount: number;
  readonly state: OrderState;
  readonly events: readonly string[];
  readonly money: ReturnType<MemoryGateway['moved']>;
}

export interface Lived {
  readonly endings: readonly Ending[];
  /** Deadlines that were left; there should be none. */
  readonly deadlinesLeft: number;
  /** What happened, for a person who looks for the fault. */
  readonly story: readonly string[];
}

const codec = orderEventCodec(2);
const AMOUNT = minor(1_250);
const WAIT_MS = 1_000;
/** Restaurants by how they review: by hand, never, or by policy. */
const RESTAURANTS = ['by-hand', 'closed', 'open'] as const;

type Handler = (delivery: Delivery<RecordedEvent>) => Promise<unknown>;
interface Pending {
  readonly event: RecordedEvent;
  deliveries: number;
  busy: boolean;
}

/** Lives one world to its end. Rejects when a handler fails in a way that no fault explains. */
export async function live(seed: number): Promise<Lived> {
  const random = dice(seed);
  const story: string[] = [];
  const tell = (line: string) => story.push(line);
  let clock = Date.parse('2026-01-01T00:00:00Z');
  let faults = random.chance(0.8);

  const pending: Record<string, Pending[]> = { payment: [], review: [], saga: [] };
  const log = createMemoryEventStore({
    stream: ORDERS_STREAM,
    now: () => new Date(clock),
    committed: (events) => {
      for (const event of events) {
        tell(`  log ${event.aggregateId} v${event.version} ${event.eventType}`);
        for (const queue of Object.values(pending)) {
          queue.push({ event, deliveries: 0, busy: false });
        }
      }
    },
  });
  const store = faulty(log, ['append', 'readAggregate'], random, () => faults, tell, 'log');
  const plainGateway = memoryGateway((orderId) => orderId.endsWith('poor'));
  const gateway = faulty(plainGateway, ['debit', 'void'], random, () => faults, tell, 'gateway');
  const deadlines = memoryDeadlines(() => clock);
  const writes = faulty(deadlines, ['write'], random, () => faults, tell, 'deadlines');

  const payments = paymentEndpoints(createPaymentService(store, gateway, codec), codec, () => nop);
  const policy = {
    rejectAbove: minor(1_000_000),
    rejectRestaurants: ['closed'],
    manual: ['by-hand'],
  };
  const reviews = reviewEndpoints(createReviewService(store, policy, codec), codec, () => nop);
  const times = { payment: WAIT_MS, review: WAIT_MS, void: WAIT_MS, ceiling: 10 * WAIT_MS };
  const saga = sagaEndpoints(createSagaService(store, writes, times, codec), codec, {
    event: () => nop,
    deadline: () => nop,
  });
  const people = createOrderDecisions({
    store,
    codec,
    recent: createRecentWrites(),
    withinMs: 60_000,
  });

  const contextOf = (event: RecordedEvent) => causedBy(background('c'), event);
  const handlers: Record<string, Handler> = {
    payment: async (delivery) => {
      const type = codec.decode(delivery.body)?.type;
      const ctx = contextOf(delivery.body);
      if (type === 'created') await payments.orderCreated(ctx, delivery);
      if (type === 'voidrequested') await payments.voidRequested(ctx, delivery);
    },
    review: async (delivery) => {
      if (codec.decode(delivery.body)?.type !== 'paymentdebited') return;
      await reviews.orderPaid(contextOf(delivery.body), delivery);
    },
    saga: (delivery) => saga.orderMoved(contextOf(delivery.body), delivery),
  };

  const orderIds = Array.from({ length: random.below(2) + 1 }, (_, n) =>
    random.chance(0.2) ? `o${n}-poor` : `o${n}`,
  );
  const place = createOrderCommandHandler(log, codec);
  for (const orderId of orderIds) {
    const order = {
      orderId,
      customerId: 'c',
      restaurantId: random.pick(RESTAURANTS),
      amount: AMOUNT,
      items: [],
      createdOn: '',
    };
    await place.handle(background('c'), {
      orderId,
      kind: 'decision',
      decide: (state) => decide({ type: 'place', order }, state),
      eventId: () => `created-${orderId}`,
    });
  }

  async function deliver(worker: string, one: Pending): Promise<void> {
    const { event } = one;
    one.busy = true;
    one.deliveries++;
    tell(`${worker} <- ${event.aggregateId} ${event.eventType} (${one.deliveries})`);
    const delivery: Delivery<RecordedEvent> = {
      body: event,
      messageId: event.eventId,
      sequence: event.position,
      deliveries: one.deliveries,
      last: false,
      mayBeRepeat: one.deliveries > 1,
      traceparent: '',
    };
    await expectFaults(
      () => (handlers[worker] as Handler)(delivery),
      () => {
        // Acknowledged, unless the acknowledgement is lost.
        if (faults && random.chance(0.1)) return;
        const queue = pending[worker] as Pending[];
        queue.splice(queue.indexOf(one), 1);
      },
    );
    one.busy = false;
  }

  /** A delivery that is due to `worker`: mostly in order, sometimes not. */
  function next(worker: string): Pending | undefined {
    const free = (pending[worker] as Pending[]).filter(({ busy }) => !busy);
    return faults && random.chance(0.3) ? random.pick(free) : free[0];
  }

  async function expectFaults(work: () => Promise<unknown>, done: () => void): Promise<void> {
    try {
      await work();
      done();
    } catch (error) {
      // A fault, an answer that says no, or somebody who was quicker.
      if (!(error instanceof CodedError) || error.kind === 'internal') throw error;
      tell(`  failed: ${error.code}`);
    }
  }

  async function fireDue(): Promise<void> {
    for (const deadline of deadlines.due()) {
      tell(`deadline ${deadline.orderId} ${deadline.kind}`);
      await expectFaults(
        () => saga.deadlineDue(background('c'), deadline),
        () => undefined,
      );
    }
  }

  const actions: (() => Promise<void>)[] = [
    ...['payment', 'review', 'saga', 'payment', 'review', 'saga'].map((worker) => async () => {
      const one = next(worker);
      if (one !== undefined) await deliver(worker, one);
    }),
    fireDue,
    async () => {
      clock += random.below(WAIT_MS);
    },
  ];
  const rare: (() => Promise<void>)[] = (['cancel', 'approve', 'reject'] as const).map(
    (decision) => async () => {
      const orderId = random.pick(orderIds) as string;
      tell(`people: ${decision} ${orderId}`);
      await expectFaults(
        () => people[decision](background('c'), orderId, 'because'),
        () => undefined,
      );
    },
  );

  for (let step = random.below(60); step > 0; step--) {
    const together = Array.from({ length: random.below(3) + 1 }, () =>
      random.pick(random.chance(0.1) ? rare : actions),
    );
    await Promise.all(together.map((action) => action?.()));
  }

  // The faults end; all that is still to come comes. An order waits for two
  // deadlines at the most, so a few rounds are enough for everything.
  faults = false;
  for (let round = 0; round < 6; round++) {
    for (const worker of ['saga', 'payment', 'review', 'saga']) {
      for (let one = next(worker); one !== undefined; one = next(worker))
        await deliver(worker, one);
    }
    clock += 2 * WAIT_MS;
    await fireDue();
  }

  const endings: Ending[] = [];
  for (const orderId of orderIds) {
    const recorded = await log.readAggregate(background(), ORDER_AGGREGATE, orderId);
    endings.push({
      orderId,
      amount: AMOUNT,
      state: foldRecorded(codec, recorded),
      events: recorded.map(({ eventType }) => eventType),
      money: plainGateway.moved(orderId),
    });
  }
  return { endings, deadlinesLeft: deadlines.size(), story };
}

/** `target` whose named methods sometimes fail: before they have done anything, or after. */
function faulty<T extends object>(
  target: T,
  names: readonly (keyof T)[],
  random: Dice,
  on: () => boolean,
  tell: (line: string) => void,
  who: string,
): T {
  const lost = () => new CodedError('unavailable', 'fault', 'The connection was lost.');
  const wrapped: Partial<T> = {};
  for (const name of names) {
    const method = target[name] as (...args: unknown[]) => Promise<unknown>;
    wrapped[name] = (async (...args: unknown[]) => {
      if (on() && random.chance(0.08)) {
        tell(`  ${who}.${String(name)} lost before`);
        throw lost();
      }
      const result = await method(...args);
      if (on() && random.chance(0.08)) {
        tell(`  ${who}.${String(name)} lost after`);
        throw lost();
      }
      return result;
    }) as T[keyof T];
  }
  return { ...target, ...wrapped };
}
