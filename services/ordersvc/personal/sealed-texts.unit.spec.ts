import assert from 'node:assert/strict';
import fc from 'fast-check';
import { orderEventCodec } from '../../../shared/contracts/events.ts';
import {
  ORDER_AGGREGATE,
  ORDERS_STREAM,
  orderAggregate,
} from '../../../shared/contracts/subjects.ts';
import type { OrderEvent } from '../../../shared/domain/order.ts';
import type { RecordedEvent } from '../../../shared/eventstore/event-store.ts';
import { newId } from '../../../shared/eventstore/ids.ts';
import { createMemoryEventStore } from '../../../shared/eventstore/memory/memory-event-store.ts';
import { background } from '../../../shared/kit/context.ts';
import { stranger } from '../../../shared/kit/principal.ts';
import { minor } from '../../../shared/money/money.ts';
import { peopleOf } from '../../../shared/personal-data/key-table.ts';
import { memoryKeyTable } from '../../../shared/personal-data/memory-key-table.ts';
import { ERASED } from '../../../shared/personal-data/personal-data.ts';
import { recordingLogger } from '../../../shared/testing/recording.ts';
import { loggingService } from '../logging.ts';
import type { OrderRequest } from '../order-request.ts';
import { orderRules } from '../order-rules.ts';
import { createOrderService } from '../service.ts';
import type { OrderListQuery } from '../views/order-list.ts';
import { type OrderView, viewOf } from '../views/order-view.ts';
import { createRecentWrites } from '../views/recent-writes.ts';
import { type OrderTexts, plainTexts } from './order-texts.ts';
import { sealedTexts } from './sealed-texts.ts';

const codec = orderEventCodec(2);
const ctx = background('corr');
const createdOn = '2026-11-30T09:00:00.000Z';

/** A service over a log in memory, and a read model as the projection fills it. */
function scene(wanted?: OrderTexts) {
  const people = peopleOf(memoryKeyTable(() => new Date()));
  const log = createMemoryEventStore({ stream: ORDERS_STREAM });
  const rows = new Map<string, OrderView>();
  const queries: OrderListQuery[] = [];
  const { logger, lines } = recordingLogger();
  const service = createOrderService({
    store: log,
    storeAway: () => false,
    readModel: {
      find: async (_ctx, orderId) => rows.get(orderId),
      list: async (_ctx, query) => {
        queries.push(query);
        return { orders: [...rows.values()], next: undefined, position: 0n };
      },
    },
    recent: createRecentWrites(),
    codec,
    texts: wanted ?? sealedTexts(people),
    patienceMs: 1_000,
    now: () => new Date(createdOn),
  });
  const events = (orderId: string) => log.readAggregate(ctx, orderAggregate(orderId));
  return {
    people,
    service: loggingService(service, logger, { texts: wanted !== undefined }),
    lines,
    queries,
    events,
    project: async (orderId: string) => {
      const view = viewOf(codec, await events(orderId));
      if (view !== undefined) rows.set(orderId, view);
    },
    append: (orderId: string, ...appended: OrderEvent[]) =>
      log.append(ctx, {
        events: appended.map((event) => ({
          ...codec.encode(event),
          eventId: newId(),
          aggregateId: orderId,
          aggregateType: ORDER_AGGREGATE,
          metadata: {},
        })),
      }),
    erase: async (name: string) => {
      const person = await people.find(ctx, name);
      await people.erase(ctx, [person?.pseudonym ?? '']);
    },
  };
}

const request: OrderRequest = {
  customerId: 'ada-canary',
  restaurantId: 'trattoria',
  items: [
    { code: 'P1', name: 'Pizza canary', unitPrice: minor(1_250), quantity: 2 },
    { code: 'C1', name: 'Cake canary', unitPrice: minor(300), quantity: 1 },
  ],
  amount: minor(2_800),
  idempotencyKey: 'k1',
};
const CANARY = /canary/;

const paid = (orderId: string, customerId: string): OrderEvent => ({
  type: 'paymentdebited',
  orderId,
  customerId,
  amount: minor(2_800),
  paymentId: 'p1',
});

/** An order with every event that has a text. */
async function rejected(there: ReturnType<typeof scene>) {
  const { order } = await there.service.place(ctx, request);
  const { orderId } = order;
  const stored = viewOf(codec, await there.events(orderId));
  assert.ok(stored);
  await there.append(orderId, paid(orderId, stored.details.customerId));
  const { order: after } = await there.service.reject(ctx, { orderId, reason: 'no canary today' });
  const { reason = '' } = viewOf(codec, await there.events(orderId)) ?? {};
  // As the coordinator does, which copies the reason.
  await there.append(orderId, { type: 'voidrequested', orderId, reason });
  return { orderId, order, after };
}

const datas = (events: readonly RecordedEvent[]) => events.map(({ data }) => data);

describe('orders of customers whose texts are sealed', () => {
  it('look as in plain, in every answer', async () => {
    const there = scene();
    const plain = scene(plainTexts);
    for (const one of [there, plain]) {
      const { orderId, order, after } = await rejected(one);
      await one.project(orderId);
      const { idempotencyKey: _, ...details } = request;
      assert.deepEqual(order, { ...details, orderId, createdOn });
      assert.equal(after.reason, 'no canary today');
      assert.deepEqual(after.details, order);
      const found = await one.service.get(ctx, { orderId });
      assert.deepEqual([found.order.details, found.order.reason], [order, 'no canary today']);
      const again = await one.service.place(ctx, request);
      assert.deepEqual(again.order, order);
      const page = await one.service.list(ctx, { status: 'Rejected', limit: 10, after: undefined });
      assert.deepEqual(page.orders, [found.order]);
    }
    const { orderId } = await there.service.place(ctx, request).then(({ order }) => order);
    const shown = await there.service.history(ctx, { orderId });
    assert.deepEqual(datas(shown), datas(await plain.events(orderId)));
  });

  it('hold no text in the log, the read model and the lines of the log file', async () => {
    const there = scene();
    const { orderId } = await rejected(there);
    const { order } = await there.service.place(ctx, { ...request, idempotencyKey: 'k2' });
    await there.service.cancel(ctx, { orderId: order.orderId, reason: 'canary' });
    for (const id of [orderId, order.orderId]) {
      assert.doesNotMatch(datas(await there.events(id)).join(), CANARY);
    }
    assert.ok(there.lines.length > 3);
    assert.doesNotMatch(JSON.stringify(there.lines), CANARY);
  });

  it('are told apart from a repeat in other words', async () => {
    const { service } = scene();
    await service.place(ctx, request);
    await assert.rejects(
      service.place(ctx, { ...request, items: request.items.slice(1) }),
      (error: { code?: string }) => error.code === 'idempotency_key_reused',
    );
  });

  it('are shown without a text once the customer is erased, and go on', async () => {
    const there = scene();
    const { orderId } = await rejected(there);
    await there.project(orderId);
    const before = await there.events(orderId);
    await there.erase('ada-canary');
    const { order } = await there.service.get(ctx, { orderId });
    assert.equal(order.details.customerId, ERASED);
    assert.deepEqual(
      order.details.items.map(({ name, code }) => [name, code]),
      [
        [ERASED, 'P1'],
        [ERASED, 'C1'],
      ],
    );
    assert.deepEqual(
      [order.reason, order.status, order.payment],
      [ERASED, 'Rejected', 'void_requested'],
    );
    const shown = await there.service.history(ctx, { orderId });
    const [first] = shown;
    assert.match(first?.data ?? '', /"customer_id":"erased".*"name":"erased".*"name":"erased"/);
    assert.deepEqual(datas(await there.events(orderId)), datas(before), 'the log is as it was');
    await there.append(orderId, { type: 'paymentvoided', orderId, paymentId: 'p1' });
    assert.equal(viewOf(codec, await there.events(orderId))?.payment, 'voided');
  });

  it('belong to no customer of that name when they are erased', async () => {
    const there = scene();
    const { order } = await there.service.place(ctx, request);
    await there.erase('ada-canary');
    const rules = orderRules(async (inner, orderId) => {
      return (await there.service.get(inner, { orderId })).order.details;
    });
    const caller = { ...stranger('::1'), subject: ERASED, roles: ['customer'] };
    await assert.rejects(
      async () => rules.get.admit(caller, { orderId: order.orderId }, ctx),
      (error: { code?: string }) => error.code === 'order_not_found',
    );
  });

  it('can be decided about when the customer is erased, without a word', async () => {
    const there = scene();
    const { order } = await there.service.place(ctx, request);
    await there.erase('ada-canary');
    const { order: after } = await there.service.cancel(ctx, {
      orderId: order.orderId,
      reason: 'canary',
    });
    assert.deepEqual([after.status, after.reason], ['Cancelled', ERASED]);
    assert.doesNotMatch(datas(await there.events(order.orderId)).join(), CANARY);
  });

  it('that were placed in plain before are read as ever, and words about them sealed', async () => {
    const there = scene();
    const orderId = newId();
    const { idempotencyKey: _, ...details } = request;
    await there.append(orderId, { type: 'created', order: { ...details, orderId, createdOn } });
    const { order } = await there.service.cancel(ctx, { orderId, reason: 'too late, canary' });
    assert.deepEqual(order.details, { ...details, orderId, createdOn });
    assert.equal(order.reason, 'too late, canary');
    assert.doesNotMatch((await there.events(orderId)).at(-1)?.data ?? '', CANARY);
    assert.equal((await there.service.get(ctx, { orderId })).order.reason, 'too late, canary');
  });

  it('are found by the name of their customer, also those in plain', async () => {
    const there = scene();
    const query = { customerId: 'ada-canary', limit: 10, after: undefined };
    await there.service.list(ctx, query);
    await there.service.place(ctx, request);
    await there.service.list(ctx, query);
    const pseudonym = (await there.people.find(ctx, 'ada-canary'))?.pseudonym;
    assert.ok(pseudonym);
    assert.deepEqual(there.queries, [query, { ...query, pseudonym }]);
  });

  it('keep our own words in plain: nobody wrote them', async () => {
    const there = scene();
    const { order } = await there.service.place(ctx, request);
    await there.service.cancel(ctx, { orderId: order.orderId });
    assert.match((await there.events(order.orderId)).at(-1)?.data ?? '', /"customer_request"/);
  });

  it('are refused a decision as ever where there is none', async () => {
    await assert.rejects(
      scene().service.reject(ctx, { orderId: newId(), reason: 'x' }),
      (error: { code?: string }) => error.code === 'order_not_found',
    );
  });

  it('open only in their own order, whatever a customer writes', async () => {
    const there = scene();
    const { order } = await there.service.place(ctx, request);
    const [stored] = await there.events(order.orderId);
    const copied = viewOf(codec, stored ? [stored] : [])?.details.items[0]?.name ?? '';
    const orderId = newId();
    const details = { ...request, orderId, createdOn, customerId: 'eve' };
    const items = [{ code: 'X', name: copied, unitPrice: minor(1), quantity: 1 }];
    await there.append(orderId, { type: 'created', order: { ...details, items } });
    const found = await there.service.get(ctx, { orderId });
    assert.equal(found.order.details.items[0]?.name, ERASED);
    const { order: hers } = await there.service.place(ctx, {
      ...request,
      customerId: 'eve',
      items: [{ code: 'X', name: copied, unitPrice: minor(1), quantity: 1 }],
    });
    const shown = await there.service.get(ctx, { orderId: hers.orderId });
    assert.equal(shown.order.details.items[0]?.name, copied, 'her own words, as she wrote them');
  });

  it('say what was written, until the customer is erased: any words', async () => {
    const word = fc.string({ unit: 'binary', minLength: 1, maxLength: 60 });
    await fc.assert(
      fc.asyncProperty(
        word,
        fc.array(word, { minLength: 1, maxLength: 5 }),
        word,
        async (customerId, names, reason) => {
          const there = scene();
          const items = names.map((name, n) => ({
            code: `C${n}`,
            name,
            unitPrice: minor(100),
            quantity: 1,
          }));
          const { order } = await there.service.place(ctx, { ...request, customerId, items });
          const { orderId } = order;
          await there.service.cancel(ctx, { orderId, reason });
          const shown = await there.service.get(ctx, { orderId });
          assert.deepEqual(shown.order.details, order);
          assert.equal(shown.order.reason, reason);
          await there.erase(customerId);
          const events = await there.service.history(ctx, { orderId });
          const after = viewOf(codec, events);
          assert.deepEqual(after, (await there.service.get(ctx, { orderId })).order);
          assert.ok(after);
          const { details } = after;
          const texts = [
            details.customerId,
            ...details.items.map(({ name }) => name),
            after.reason,
          ];
          assert.deepEqual(new Set(texts), new Set([ERASED]));
          assert.deepEqual([after.status, details.amount], ['Cancelled', order.amount]);
        },
      ),
      { numRuns: 50 },
    );
  });
});

describe('orders of customers whose texts are in plain', () => {
  it('are in the log as they have ever been, byte for byte', async () => {
    const there = scene(plainTexts);
    const { orderId } = await rejected(there);
    assert.deepEqual(datas(await there.events(orderId)), [
      `{"order_id":"${orderId}","customer_id":"ada-canary","status":"Pending","created_on":"${createdOn}","restaurant_id":"trattoria","amount":28,"order_items":[{"code":"P1","name":"Pizza canary","unit_price":12.5,"quantity":2},{"code":"C1","name":"Cake canary","unit_price":3,"quantity":1}]}`,
      `{"OrderID":"${orderId}","CustomerID":"ada-canary","Amount":28,"payment_id":"p1"}`,
      `{"order_id":"${orderId}","reason":"no canary today","decided_by":"restaurant"}`,
      `{"order_id":"${orderId}","reason":"no canary today"}`,
    ]);
    assert.deepEqual(await there.service.history(ctx, { orderId }), await there.events(orderId));
  });
});
