import assert from 'node:assert/strict';
import { orderEventCodec } from '../../shared/contracts/events.ts';
import {
  orderAnswer,
  orderEventsAnswer,
  orderListAnswer,
  placedAnswer,
} from '../../shared/contracts/http.ts';
import { orderIdFor } from '../../shared/contracts/order-id.ts';
import { ORDER_AGGREGATE, ORDERS_STREAM } from '../../shared/contracts/subjects.ts';
import { createMemoryEventStore } from '../../shared/eventstore/memory/memory-event-store.ts';
import { background } from '../../shared/kit/context.ts';
import { nop } from '../../shared/kit/endpoint.ts';
import { CodedError } from '../../shared/kit/errors.ts';
import { silentLogger } from '../../shared/kit/logger.ts';
import { httpServer } from '../../shared/kit/transport/http/http-server.ts';
import { usd } from '../../shared/testing/test-currency.ts';
import { orderEndpoints } from './endpoints.ts';
import { createOrderService } from './service.ts';
import { orderRoutes } from './transport-http.ts';
import type { OrderListQuery } from './views/order-list.ts';
import type { OrderView } from './views/order-view.ts';
import { createRecentWrites } from './views/recent-writes.ts';

const body = {
  customer_id: 'c1',
  restaurant_id: 'r1',
  order_items: [{ code: 'P1', name: 'Pizza', unit_price: 12.5, quantity: 2 }],
};

describe('ordersvc over HTTP', () => {
  const codec = orderEventCodec(2);
  const log = createMemoryEventStore({ stream: ORDERS_STREAM });
  const rows = new Map<string, OrderView>();
  const listed: OrderListQuery[] = [];
  const away = { log: undefined as CodedError | undefined };
  const service = createOrderService({
    store: {
      ...log,
      append: async (...args) => {
        if (away.log) throw away.log;
        return log.append(...args);
      },
      readAggregate: async (...args) => {
        if (away.log) throw away.log;
        return log.readAggregate(...args);
      },
    },
    storeAway: () => away.log?.kind === 'unavailable',
    readModel: {
      find: async (_ctx, orderId) => rows.get(orderId),
      list: async (_ctx, query) => {
        listed.push(query);
        const orders = [...rows.values()];
        const next = { createdMicros: 1_700_000_000_000_001n, orderId: 'last' };
        return { orders, next: query.after ? undefined : next, position: 12n };
      },
    },
    recent: createRecentWrites(),
    codec,
    patienceMs: 1000,
  });
  const server = httpServer({
    host: '127.0.0.1',
    port: 0,
    routes: orderRoutes(
      orderEndpoints(service, () => nop),
      usd,
    ),
    logger: silentLogger,
  });
  const get = (path: string) => fetch(`http://127.0.0.1:${server.port()}${path}`);
  const post = (json: unknown, key?: string) =>
    fetch(`http://127.0.0.1:${server.port()}/api/orders`, {
      method: 'POST',
      headers: {
        'content-type': 'application/json',
        ...(key !== undefined && { 'idempotency-key': key }),
      },
      body: typeof json === 'string' ? json : JSON.stringify(json),
    });
  /** Code of a problem document, after checking that it is one. */
  async function problem(response: Response, status: number): Promise<string> {
    assert.equal(response.status, status);
    assert.match(response.headers.get('content-type') ?? '', /^application\/problem\+json/);
    return ((await response.json()) as { code: string }).code;
  }

  before(() => server.start?.());
  after(() => server.stop?.());
  afterEach(() => {
    away.log = undefined;
    rows.clear();
  });

  it('an order placed is answered with where it is, its version and itself', async () => {
    const response = await post({ ...body, amount: 1, status: 'Approved' });
    assert.equal(response.status, 201);
    assert.equal(response.headers.get('etag'), '"1"');
    const order = placedAnswer.strict().parse(await response.json());
    assert.equal(response.headers.get('location'), `/api/orders/${order.order_id}`);
    assert.equal(order.amount, 25);
    assert.equal(order.status, 'Pending');
    assert.deepEqual(order.order_items, body.order_items);
  });

  it('a read right after the write finds the order', async () => {
    const placed = await post(body);
    const response = await get(placed.headers.get('location') ?? '');
    assert.equal(response.status, 200);
    assert.equal(response.headers.get('etag'), '"1"');
    assert.equal(response.headers.get('x-stale'), null);
    const order = orderAnswer.strict().parse(await response.json());
    assert.equal(order.status, 'Pending');
    assert.equal(order.payment_status, 'none');
    assert.equal(order.version, 1);
  });

  it('a retried POST gets the same answer, byte for byte', async () => {
    const first = await post(body, 'same');
    const again = await post(body, 'same');
    assert.equal(again.status, 201);
    assert.equal(again.headers.get('etag'), first.headers.get('etag'));
    assert.equal(again.headers.get('location'), first.headers.get('location'));
    assert.equal(await again.text(), await first.text());
    const written = JSON.stringify(body).replace('12.5', '1.250e1');
    assert.equal((await post(written, 'same')).status, 201, 'the same price, written otherwise');
  });

  it('a key used for another order is 422', async () => {
    await post(body, 'other');
    const response = await post({ ...body, restaurant_id: 'r2' }, 'other');
    assert.equal(await problem(response, 422), 'idempotency_key_reused');
  });

  it('a body that is wrong is 422 with the path of each field', async () => {
    const response = await post({
      customer_id: 'c',
      order_items: [{ ...body.order_items[0], quantity: 0 }],
    });
    assert.equal(response.status, 422);
    const { code, problems } = (await response.json()) as {
      code: string;
      problems: { field: string }[];
    };
    assert.equal(code, 'invalid_order');
    assert.deepEqual(
      problems.map(({ field }) => field),
      ['restaurant_id', 'order_items[0].quantity'],
    );
  });

  it('a number is judged as it was written', async () => {
    const written = JSON.stringify(body).replace('12.5', '12.5000000000000000001');
    assert.equal(await problem(await post(written), 422), 'invalid_order');
  });

  it('an unknown outcome is 503, with when to try again', async () => {
    away.log = new CodedError('timeout', 'deadline_exceeded', 'late');
    const late = await post(body);
    assert.equal(late.headers.get('retry-after'), '1');
    assert.equal(await problem(late, 503), 'event_store_away');
    away.log = new CodedError('unavailable', 'event_store_unavailable', 'away');
    const response = await post(body, 'later');
    assert.equal(response.headers.get('retry-after'), '1');
    assert.equal(await problem(response, 503), 'event_store_unavailable');
    away.log = undefined;
    assert.equal((await post(body, 'later')).status, 201);
  });

  it('with the event store away a row is served and says that it may be stale', async () => {
    const { order } = await service.get(background(), {
      orderId: ((await (await post(body)).json()) as { order_id: string }).order_id,
    });
    rows.set(order.details.orderId, order);
    away.log = new CodedError('unavailable', 'event_store_unavailable', 'away');
    const response = await get(`/api/orders/${order.details.orderId}`);
    assert.equal(response.status, 200);
    assert.equal(response.headers.get('x-stale'), 'true');
    rows.clear();
    assert.equal(
      await problem(await get(`/api/orders/${order.details.orderId}`), 503),
      'event_store_unavailable',
    );
  });

  it('what the caller has already is 304, with its ETag and no body', async () => {
    const placed = await post(body);
    const path = placed.headers.get('location') ?? '';
    for (const one of [path, `${path}/events`]) {
      const asking = (tag: string) =>
        fetch(`http://127.0.0.1:${server.port()}${one}`, { headers: { 'if-none-match': tag } });
      for (const tag of ['"1"', 'W/"1"', '"0", "1"', '*']) {
        const response = await asking(tag);
        assert.equal(response.status, 304, `${one} ${tag}`);
        assert.equal(response.headers.get('etag'), '"1"');
        assert.equal(response.headers.get('content-type'), null);
        assert.equal(await response.text(), '');
      }
      assert.equal((await asking('"2"')).status, 200);
      assert.equal((await asking('nonsense')).status, 200);
    }
    const unknown = await fetch(`http://127.0.0.1:${server.port()}/api/orders/none`, {
      headers: { 'if-none-match': '*' },
    });
    assert.equal(await problem(unknown, 404), 'order_not_found');
  });

  it('If-Match is answered whole at a version that it names, and else 412', async () => {
    const path = (await post(body)).headers.get('location') ?? '';
    for (const one of [path, `${path}/events`]) {
      const asking = (headers: Record<string, string>) =>
        fetch(`http://127.0.0.1:${server.port()}${one}`, { headers });
      for (const tag of ['"1"', '"9","1"', '*']) {
        assert.equal((await asking({ 'if-match': tag })).status, 200, tag);
      }
      for (const tag of ['"2"', 'W/"1"', '1']) {
        assert.equal(await problem(await asking({ 'if-match': tag }), 412), 'version_mismatch');
      }
      // RFC 9110, 13.2.2: If-Match comes first.
      const both = await asking({ 'if-match': '"2"', 'if-none-match': '"1"' });
      assert.equal(await problem(both, 412), 'version_mismatch');
    }
  });

  it('a row older than min_version is passed over, and what the log lacks is 412', async () => {
    const { order_id } = (await (await post(body)).json()) as { order_id: string };
    const { order } = await service.get(background(), { orderId: order_id });
    rows.set(order_id, { ...order, version: 0n });
    const path = `/api/orders/${order_id}`;
    assert.equal((await get(`${path}?min_version=1`)).headers.get('etag'), '"1"');
    for (const one of [path, `${path}/events`]) {
      assert.equal((await get(`${one}?min_version=1`)).status, 200);
      const ahead = await get(`${one}?min_version=2`);
      assert.equal(await problem(ahead, 412), 'version_not_reached');
    }
    away.log = new CodedError('unavailable', 'event_store_unavailable', 'away');
    const response = await get(`${path}?min_version=1`);
    assert.ok(response.headers.get('retry-after'));
    assert.equal(await problem(response, 503), 'event_store_unavailable');
  });

  it('an order with an event that cannot be read says so by its code, and its events are still listed', async () => {
    const event = { eventId: 'u1', eventType: 'ORDERS.created', aggregateId: 'unreadable' };
    const data = '{"order_id":1}';
    await log.append(background(), {
      events: [{ ...event, aggregateType: ORDER_AGGREGATE, data, metadata: {} }],
    });
    const response = await get('/api/orders/unreadable');
    assert.equal(response.status, 500);
    const document = (await response.json()) as { code: string; detail: string };
    assert.equal(document.code, 'unreadable_order');
    assert.equal(document.detail, 'Something went wrong on our side.');
    assert.equal((await get('/api/orders/unreadable/events')).status, 200);
  });

  it('an unknown order is 404, and so is what can be no id', async () => {
    for (const id of ['none', '%00', '%E2%80%8B', 'x'.repeat(201), '%20']) {
      assert.equal(await problem(await get(`/api/orders/${id}`), 404), 'order_not_found', id);
      assert.equal(await problem(await get(`/api/orders/${id}/events`), 404), 'order_not_found');
    }
  });

  it("an order's events are those of the log", async () => {
    await post(body, 'events');
    const orderId = orderIdFor('c1', 'events');
    const response = await get(`/api/orders/${orderId}/events`);
    assert.equal(response.headers.get('etag'), '"1"');
    const { events } = orderEventsAnswer.strict().parse(await response.json());
    assert.equal(events.length, 1);
    assert.equal(events[0]?.event_type, 'ORDERS.created');
    assert.equal(events[0]?.version, 1);
    assert.partialDeepStrictEqual(events[0]?.data, { order_id: orderId, amount: 25 });
    assert.ok(events[0]?.metadata.correlation_id);
  });

  it("an event's payload is told as it stands in the log, to the letter", async () => {
    const data =
      ' {"b": 9007199254740993, "a":1e400,"10":1,"9":-0, "price":12.10, "__proto__":{"x":1},"a":"\\u00e9\\/"}';
    await log.append(background(), {
      events: [
        {
          eventId: 'as-written',
          eventType: 'ORDERS.unheard_of',
          aggregateId: 'as-written',
          aggregateType: ORDER_AGGREGATE,
          data,
          metadata: {},
        },
      ],
    });
    const response = await get('/api/orders/as-written/events');
    assert.match(response.headers.get('content-type') ?? '', /^application\/json/);
    const text = await response.text();
    assert.ok(text.includes(`"data":${data}}`), text);
    orderEventsAnswer.strict().parse(JSON.parse(text));
  });

  it('a list is asked for by customer, and its cursor brings the next page', async () => {
    const first = await get('/api/orders?customer_id=c%201&limit=7');
    assert.equal(first.status, 200);
    const page = orderListAnswer.strict().parse(await first.json());
    assert.equal(page.position, 12);
    const next = await get(`/api/orders?customer_id=c1&cursor=${page.next_cursor}`);
    assert.equal('next_cursor' in ((await next.json()) as object), false);
    assert.deepEqual(listed, [
      { customerId: 'c 1', limit: 7, after: undefined },
      {
        customerId: 'c1',
        limit: 20,
        after: { createdMicros: 1_700_000_000_000_001n, orderId: 'last' },
      },
    ]);
    assert.equal(await problem(await get('/api/orders?limit=0'), 422), 'invalid_query');
  });
});
