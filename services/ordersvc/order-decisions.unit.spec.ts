import assert from 'node:assert/strict';
import { orderEventCodec } from '../../shared/contracts/events.ts';
import { ORDER_AGGREGATE, ORDERS_STREAM, orderAggregate } from '../../shared/contracts/subjects.ts';
import type { OrderEvent } from '../../shared/domain/order.ts';
import type { AggregateStore } from '../../shared/eventstore/event-store.ts';
import { derivedId } from '../../shared/eventstore/ids.ts';
import { createMemoryEventStore } from '../../shared/eventstore/memory/memory-event-store.ts';
import { background, remaining, withTimeLeft } from '../../shared/kit/context.ts';
import { CodedError, type Kind } from '../../shared/kit/errors.ts';
import { minor } from '../../shared/money/money.ts';
import { createOrderDecisions } from './order-decisions.ts';
import { readingForOthers } from './views/order-view.ts';
import { createRecentWrites } from './views/recent-writes.ts';

const codec = readingForOthers(orderEventCodec(2));
const ctx = background('corr');
const orderId = 'o1';
const created: OrderEvent = {
  type: 'created',
  order: {
    orderId,
    customerId: 'c1',
    restaurantId: 'r1',
    amount: minor(2500),
    items: [],
    createdOn: '2026-01-02T03:04:05.678Z',
  },
};
const paid: OrderEvent = {
  type: 'paymentdebited',
  orderId,
  customerId: 'c1',
  amount: minor(2500),
  paymentId: 'p1',
};
const approved: OrderEvent = { type: 'approved', orderId, decidedBy: 'policy' };
const rejected: OrderEvent = { type: 'rejected', orderId, decidedBy: 'policy', reason: 'closed' };

const refused = (kind: Kind, code: string) => (error: unknown) => {
  assert.ok(error instanceof CodedError, String(error));
  assert.deepEqual([error.kind, error.code], [kind, code]);
  return true;
};

/** Decisions over a log in memory; `over` replaces parts of the store. */
async function scene(...history: OrderEvent[]) {
  const log = createMemoryEventStore({ stream: ORDERS_STREAM });
  const append = (...events: OrderEvent[]) =>
    log.append(ctx, {
      events: events.map((event) => ({
        ...codec.encode(event),
        eventId: derivedId('test', orderId, event.type),
        aggregateId: orderId,
        aggregateType: ORDER_AGGREGATE,
        metadata: {},
      })),
    });
  if (history.length > 0) await append(...history);
  const recent = createRecentWrites();
  const over = (part: Partial<AggregateStore>) =>
    createOrderDecisions({ store: { ...log, ...part }, codec, recent, withinMs: 1_000 });
  return {
    ...over({}),
    over,
    log,
    recent,
    append,
    entries: () => log.readAggregate(ctx, orderAggregate(orderId)),
  };
}

describe('a cancellation', () => {
  for (const [name, history] of Object.entries({ pending: [created], paid: [created, paid] })) {
    it(`ends an order that is ${name}, and answers with it`, async () => {
      const { cancel, entries } = await scene(...history);
      const { order, changed } = await cancel(ctx, { orderId, reason: 'changed my mind' });
      assert.equal(changed, true);
      assert.deepEqual([order.status, order.reason], ['Cancelled', 'changed my mind']);
      const last = (await entries()).at(-1);
      assert.ok(last);
      assert.equal(order.version, last.version);
      assert.equal(last.eventId, derivedId('ordersvc', orderId, 'cancel'));
      assert.equal(last.metadata.correlation_id, 'corr');
      assert.partialDeepStrictEqual(codec.decode(last), { decidedBy: 'customer' });
    });
  }

  it('without a reason says whose wish it was', async () => {
    const { cancel } = await scene(created);
    assert.equal((await cancel(ctx, { orderId })).order.reason, 'customer_request');
  });

  it('asked for again, in other words even, leaves the order as it is', async () => {
    const { cancel, entries } = await scene(created);
    const first = await cancel(ctx, { orderId, reason: 'too late' });
    assert.deepEqual(await cancel(ctx, { orderId, reason: 'too cold' }), {
      ...first,
      changed: false,
    });
    assert.equal((await entries()).length, 2);
  });

  it('of an order that the coordinator cancelled is so already', async () => {
    const deadline = 'payment_deadline';
    const ended = { type: 'cancelled', orderId, decidedBy: 'saga-coordinator', reason: deadline };
    const { cancel } = await scene(created, ended as OrderEvent);
    const { order, changed } = await cancel(ctx, { orderId });
    assert.deepEqual([order.reason, changed], [deadline, false]);
  });

  it('is refused once the order is approved or ended otherwise', async () => {
    for (const end of [approved, rejected]) {
      const { cancel, entries } = await scene(created, paid, end);
      await assert.rejects(cancel(ctx, { orderId }), refused('conflict', 'order_ended'));
      assert.equal((await entries()).length, 3);
    }
  });

  it('of an order that nobody placed is not found', async () => {
    const headless = await scene(paid);
    for (const { cancel } of [await scene(), headless]) {
      const error = refused('not_found', 'order_not_found');
      await assert.rejects(cancel(ctx, { orderId }), error);
    }
  });

  it('that loses the race with an approval is told, and changes nothing', async () => {
    const { over, log, append, entries } = await scene(created, paid);
    const { cancel } = over({
      append: async (...args) => {
        await append(approved);
        return log.append(...args);
      },
    });
    await assert.rejects(cancel(ctx, { orderId }), refused('conflict', 'order_ended'));
    assert.equal((await entries()).at(-1)?.eventType, 'ORDERS.approved');
  });

  it('that meets a debit on its way cancels all the same', async () => {
    const { over, log, append } = await scene(created);
    const { cancel } = over({
      append: async (...args) => {
        await append(paid);
        return log.append(...args);
      },
    });
    const { order } = await cancel(ctx, { orderId });
    assert.deepEqual([order.status, order.payment, order.version], ['Cancelled', 'debited', 3n]);
  });

  it('that another request beats in other words is answered with what that one did', async () => {
    const { over, log, cancel } = await scene(created);
    const { cancel: late } = over({
      append: async (...args) => {
        await cancel(ctx, { orderId, reason: 'the first' });
        return log.append(...args);
      },
    });
    const { order, changed } = await late(ctx, { orderId, reason: 'the second' });
    assert.deepEqual([order.reason, order.version, changed], ['the first', 2n, false]);
  });

  it('an answer that was lost is unavailable, with when to ask again; and asking again is safe', async () => {
    const { over, log, cancel, entries } = await scene(created);
    const { cancel: lossy } = over({
      append: async (...args) => {
        await log.append(...args);
        throw new CodedError('timeout', 'deadline_exceeded', 'no answer in time');
      },
    });
    await assert.rejects(lossy(ctx, { orderId }), (error) => {
      assert.ok(error instanceof CodedError && error.retryAfterMs !== undefined);
      return refused('unavailable', 'event_store_away')(error);
    });
    const { order, changed } = await cancel(ctx, { orderId });
    assert.deepEqual([order.status, changed], ['Cancelled', false]);
    assert.equal((await entries()).length, 2);
  });

  it('gives up in time for the answer to be told', async () => {
    const { over, log } = await scene(created);
    const left: number[] = [];
    const { cancel } = over({
      readAggregate: async (asked, aggregate) => {
        left.push(remaining(asked, Number.POSITIVE_INFINITY));
        return log.readAggregate(asked, aggregate);
      },
    });
    await cancel(withTimeLeft(ctx, 60_000), { orderId });
    assert.ok(left.length > 0 && left.every((ms) => ms <= 1_000));
  });

  it('of an order that never stands still is a conflict, with when to ask again', async () => {
    const { over } = await scene(created);
    const { cancel } = over({
      append: async () => {
        throw new CodedError('conflict', 'version_conflict', 'moved');
      },
    });
    await assert.rejects(cancel(ctx, { orderId }), (error) => {
      assert.ok(error instanceof CodedError && error.retryAfterMs !== undefined);
      return refused('conflict', 'order_moving')(error);
    });
  });

  it('is remembered, so that no older row is shown after it', async () => {
    const { cancel, recent } = await scene(created);
    const { order } = await cancel(ctx, { orderId });
    assert.equal(recent.version(orderId), order.version);
  });

  it('of an order whose events cannot be read is our fault', async () => {
    const { cancel, log } = await scene();
    const entry = { ...codec.encode(created), data: '{"order_id":1}', metadata: {} };
    await log.append(ctx, {
      events: [{ ...entry, eventId: 'e', aggregateId: orderId, aggregateType: ORDER_AGGREGATE }],
    });
    await assert.rejects(cancel(ctx, { orderId }), refused('internal', 'unreadable_order'));
  });
});

describe("a restaurant's decision", () => {
  it('takes a paid order', async () => {
    const { approve, entries } = await scene(created, paid);
    const { order, changed } = await approve(ctx, { orderId });
    assert.deepEqual([order.status, order.version, changed], ['Approved', 3n, true]);
    const last = (await entries()).at(-1);
    assert.ok(last);
    assert.equal(last.eventId, derivedId('ordersvc', orderId, 'approve'));
    assert.partialDeepStrictEqual(codec.decode(last), { decidedBy: 'restaurant' });
  });

  it('turns a paid order down, and says why', async () => {
    const { reject, entries } = await scene(created, paid);
    const { order } = await reject(ctx, { orderId, reason: 'out of dough' });
    assert.deepEqual([order.status, order.reason], ['Rejected', 'out of dough']);
    const last = (await entries()).at(-1);
    assert.ok(last);
    assert.equal(last.eventId, derivedId('ordersvc', orderId, 'reject'));
    assert.partialDeepStrictEqual(codec.decode(last), { decidedBy: 'restaurant' });
  });

  it('that was already taken, by anybody, has no effect', async () => {
    const taken = await scene(created, paid, approved);
    assert.equal((await taken.approve(ctx, { orderId })).changed, false);
    const turnedDown = await scene(created, paid, rejected);
    const { order, changed } = await turnedDown.reject(ctx, { orderId, reason: 'out of dough' });
    assert.deepEqual([order.reason, changed], ['closed', false]);
  });

  it('waits for the payment', async () => {
    const { approve, reject } = await scene(created);
    const tooEarly = refused('conflict', 'order_not_paid');
    await assert.rejects(approve(ctx, { orderId }), tooEarly);
    await assert.rejects(reject(ctx, { orderId, reason: 'closed' }), tooEarly);
  });

  it('comes too late for an order that ended otherwise', async () => {
    const { approve, cancel } = await scene(created, paid);
    await cancel(ctx, { orderId });
    await assert.rejects(approve(ctx, { orderId }), refused('conflict', 'order_ended'));
  });

  it('and a cancellation at the same moment: one holds, the other is told', async () => {
    const { approve, cancel, entries } = await scene(created, paid);
    const both = [approve(ctx, { orderId }), cancel(ctx, { orderId })];
    const outcomes = (await Promise.allSettled(both)).map(({ status }) => status);
    assert.deepEqual(outcomes.sort(), ['fulfilled', 'rejected']);
    assert.equal((await entries()).length, 3);
  });
});

describe('a decision about a version of the order', () => {
  const mismatch = refused('precondition_failed', 'version_mismatch');

  it('is taken at that version, and at no other', async () => {
    for (const decision of ['cancel', 'approve', 'reject'] as const) {
      const { entries, ...decisions } = await scene(created, paid);
      const decide = (wanted: readonly bigint[]) =>
        decision === 'approve'
          ? decisions.approve(ctx, { orderId, ifMatch: wanted })
          : decisions[decision](ctx, { orderId, reason: 'because', ifMatch: wanted });
      for (const wanted of [[], [1n], [999n, 3n]]) await assert.rejects(decide(wanted), mismatch);
      assert.equal((await entries()).length, 2, 'something was done');
      assert.equal((await decide([1n, 2n])).changed, true);
    }
  });

  it('is not taken where the order moves on while it is decided', async () => {
    const { over, log, append, entries } = await scene(created);
    const { cancel } = over({
      append: async (...args) => {
        await append(paid);
        return log.append(...args);
      },
    });
    await assert.rejects(cancel(ctx, { orderId, reason: undefined, ifMatch: [1n] }), mismatch);
    assert.deepEqual(
      (await entries()).map(({ eventType }) => eventType),
      ['ORDERS.created', 'ORDERS.paymentdebited'],
    );
  });

  it('may be asked for again after its answer was lost, by the version it was taken at', async () => {
    const { cancel, append } = await scene(created);
    const first = await cancel(ctx, { orderId, reason: undefined, ifMatch: [1n] });
    assert.deepEqual(await cancel(ctx, { orderId, reason: undefined, ifMatch: [1n] }), {
      ...first,
      changed: false,
    });
    await append(paid);
    assert.equal(
      (await cancel(ctx, { orderId, reason: undefined, ifMatch: [1n] })).order.version,
      3n,
    );
    await assert.rejects(cancel(ctx, { orderId, reason: undefined, ifMatch: [2n] }), mismatch);
  });

  it('of an order that nobody placed is not found, whatever the version', async () => {
    const { cancel } = await scene();
    await assert.rejects(
      cancel(ctx, { orderId, reason: undefined, ifMatch: [1n] }),
      refused('not_found', 'order_not_found'),
    );
  });

  it('is taken once of two that are taken at the same version', async () => {
    const { cancel, approve } = await scene(created, paid);
    const results = await Promise.allSettled([
      cancel(ctx, { orderId, reason: undefined, ifMatch: [2n] }),
      approve(ctx, { orderId, ifMatch: [2n] }),
    ]);
    assert.deepEqual(results.map(({ status }) => status).sort(), ['fulfilled', 'rejected']);
  });
});
