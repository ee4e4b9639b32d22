import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { orderEventCodec } from '../contracts/events.ts';
import { minor } from '../domain/money.ts';
import { decide, type OrderCommand, type OrderDetails } from '../domain/order.ts';
import { background, causedBy } from '../kit/context.ts';
import { CodedError, codedError } from '../kit/errors.ts';
import { createOrderCommandHandler } from './command-handler.ts';
import type { EventStore } from './event-store.ts';
import { createMemoryEventStore } from './memory/memory-event-store.ts';

const codec = orderEventCodec(2);
const ctx = causedBy(background('c-1'), { eventId: 'cause-1' });
const order: OrderDetails = {
  orderId: 'o-1',
  customerId: 'c-1',
  restaurantId: 'r-1',
  amount: minor(100),
  items: [],
  createdOn: '2026-01-01T12:00:00.000Z',
};
const debit = {
  type: 'recordDebit',
  orderId: 'o-1',
  customerId: 'c-1',
  amount: minor(100),
  paymentId: 'pay-1',
} as const;

describe('the command handler', () => {
  let store: EventStore;
  beforeEach(() => {
    store = createMemoryEventStore({ stream: 'ORDERS' });
  });

  const handle = (command: OrderCommand, kind: 'decision' | 'fact' = 'decision', over = store) => {
    const id = randomUUID();
    return createOrderCommandHandler(over, codec).handle(ctx, {
      orderId: 'o-1',
      kind,
      decide: (state) => decide(command, state),
      eventId: (index) => `${id}-${index}`,
    });
  };

  it('what is decided about an order that is there goes before new work', async () => {
    const lanes: unknown[] = [];
    const heard: EventStore = {
      ...store,
      append: (context, { events, expectedVersion: expected, lane }) => {
        lanes.push(lane);
        return store.append(context, { events, expectedVersion: expected, lane });
      },
    };
    await handle({ type: 'place', order });
    await handle(debit, 'fact', heard);
    assert.deepEqual(lanes, ['answers']);
  });

  /** The store, where somebody else appends a debit before each of the first `times` appends. */
  function contended(times: number): EventStore {
    return {
      ...store,
      append: async (context, { events, expectedVersion: expected }) => {
        if (times-- > 0) await handle({ ...debit, paymentId: randomUUID() }, 'fact');
        return store.append(context, { events, expectedVersion: expected });
      },
    };
  }

  it('reads, decides and appends what was decided, with its correlation and cause', async () => {
    await handle({ type: 'place', order });
    const { decision, version, appended } = await handle(debit, 'fact');
    assert.equal(decision.accepted, true);
    assert.deepEqual([version, appended?.version], [1n, 2n]);
    const [, stored] = await store.readAggregate(ctx, {
      aggregateType: 'order',
      aggregateId: 'o-1',
    });
    assert.deepEqual(stored?.metadata, { correlation_id: 'c-1', causation_id: 'cause-1' });
  });

  it('a refusal is an answer and appends nothing', async () => {
    const { decision, appended } = await handle({ type: 'approve', decidedBy: 'x' });
    assert.equal(decision.accepted, false);
    assert.equal(appended, undefined);
    assert.equal(await store.head(ctx), 0n);
  });

  it('a decision is taken anew when the order has moved, and may come to nothing', async () => {
    await handle({ type: 'place', order });
    const early = await handle({ type: 'approve', decidedBy: 'x' });
    assert.equal(early.decision.accepted, false, 'not paid yet');
    await handle(debit, 'fact');
    const rejected = { type: 'reject', decidedBy: 'y', reason: 'closed' } as const;
    const racing: EventStore = {
      ...store,
      append: async (context, { events, expectedVersion: expected }) => {
        await handle(rejected);
        return store.append(context, { events, expectedVersion: expected });
      },
    };
    const { decision, state } = await handle(
      { type: 'approve', decidedBy: 'x' },
      'decision',
      racing,
    );
    assert.deepEqual([decision.accepted, state.status], [false, 'Rejected']);
  });

  it('a fact is recorded at whatever version', async () => {
    await handle({ type: 'place', order });
    const { appended } = await handle({ ...debit, paymentId: 'mine' }, 'fact', contended(1));
    assert.equal(appended?.version, 3n);
  });

  it('an event that cannot be read does not keep its order from ending', async () => {
    await handle({ type: 'place', order });
    await store.append(ctx, {
      events: [
        {
          eventId: randomUUID(),
          eventType: 'ORDERS.paymentfailed',
          aggregateId: 'o-1',
          aggregateType: 'order',
          data: '[]',
          metadata: {},
        },
      ],
    });
    await handle(debit, 'fact');
    assert.equal((await handle({ type: 'approve', decidedBy: 'x' })).decision.accepted, true);
  });

  it('an order that never stands still is a conflict in the end', async () => {
    let n = 0;
    const restless: EventStore = {
      ...store,
      append: async () => {
        n++;
        throw new CodedError('conflict', 'version_conflict', 'moved');
      },
    };
    const error = await handle({ type: 'place', order }, 'decision', restless).catch((e) => e);
    assert.equal(codedError(error).kind, 'conflict');
    assert.equal(n, 8);
  });
});
