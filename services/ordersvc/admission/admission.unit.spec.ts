import assert from 'node:assert/strict';
import { connect } from 'node:net';
import { orderEventCodec } from '../../../shared/contracts/events.ts';
import { ORDERS_STREAM } from '../../../shared/contracts/subjects.ts';
import type { OrderStatus } from '../../../shared/domain/order.ts';
import { createMemoryEventStore } from '../../../shared/eventstore/memory/memory-event-store.ts';
import { nop } from '../../../shared/kit/endpoint.ts';
import { silentLogger } from '../../../shared/kit/logger.ts';
import { createMetrics } from '../../../shared/kit/metrics/metrics.ts';
import { adminServer } from '../../../shared/kit/transport/http/admin.ts';
import { httpServer } from '../../../shared/kit/transport/http/http-server.ts';
import { usd } from '../../../shared/testing/test-currency.ts';
import { orderEndpoints } from '../endpoints.ts';
import { createOrderService } from '../service.ts';
import { orderRoutes } from '../transport-http.ts';
import type { OrderStage } from '../views/order-rows.ts';
import { createRecentWrites } from '../views/recent-writes.ts';
import { createAdmission } from './admission.ts';

const order = {
  customer_id: 'c1',
  restaurant_id: 'r1',
  order_items: [{ code: 'P1', name: 'Pizza', unit_price: 12.5, quantity: 2 }],
};
const GOAL_MS = 2_000;
const LEAST = 2;

/** ordersvc over a log in memory, on a clock of its own; `stages` is what its read model shows. */
async function scene() {
  const log = createMemoryEventStore({ stream: ORDERS_STREAM });
  const stages = new Map<string, Omit<OrderStage, 'orderId'>>();
  const away = { readModel: false };
  const asked = { reads: 0, appends: 0, delivered: 0n };
  const clock = { ms: 0 };
  const metrics = createMetrics('ordersvc');
  const admission = createAdmission({
    goalMs: GOAL_MS,
    start: 10,
    least: LEAST,
    readModel: {
      stages: async (_ctx, ids) => {
        if (away.readModel) throw new Error('away');
        return ids.flatMap((orderId) => {
          const stage = stages.get(orderId);
          return stage === undefined ? [] : [{ orderId, ...stage }];
        });
      },
    },
    store: {
      getCheckpoint: async () => ({ position: 0n, eventId: '', delivered: asked.delivered }),
    },
    meter: metrics.meter,
    logger: silentLogger,
    now: () => clock.ms,
  });
  const service = createOrderService({
    store: {
      ...log,
      append: (...args) => {
        asked.appends++;
        return log.append(...args);
      },
      readAggregate: (...args) => {
        asked.reads++;
        return log.readAggregate(...args);
      },
    },
    storeAway: () => false,
    readModel: {
      find: async () => undefined,
      list: async () => ({ orders: [], next: undefined, position: 0n }),
    },
    recent: createRecentWrites(),
    codec: orderEventCodec(2),
    patienceMs: 1_000,
  });
  const endpoints = orderEndpoints(service, () => nop);
  const server = httpServer({
    host: '127.0.0.1',
    port: 0,
    routes: orderRoutes(endpoints, usd, admission),
    logger: silentLogger,
  });
  const admin = adminServer({
    host: '127.0.0.1',
    port: 0,
    notReady: () => [],
    degraded: () => [admission.degraded?.() ?? []].flat(),
    metrics,
  });
  await server.start?.();
  await admin.start?.();
  const base = `http://127.0.0.1:${server.port()}/api/orders`;
  const post = (key?: string, body: unknown = order) =>
    fetch(base, {
      method: 'POST',
      headers: { 'content-type': 'application/json', ...(key && { 'idempotency-key': key }) },
      body: JSON.stringify(body),
    });
  const place = async (key?: string) => {
    const answer = await post(key);
    assert.equal(answer.status, 201);
    return ((await answer.json()) as { order_id: string }).order_id;
  };
  /** Time passes, with a look in each fifth of a second. */
  const pass = async (ms: number) => {
    for (const until = clock.ms + ms; clock.ms < until; ) {
      clock.ms += 200;
      await admission.look();
    }
  };
  const shows = (orderId: string, status: OrderStatus, position = 1n) =>
    stages.set(orderId, { status, position });
  return {
    post,
    place,
    pass,
    shows,
    asked,
    away,
    base,
    port: server.port,
    admin: (path: string) => fetch(`http://127.0.0.1:${admin.port()}${path}`),
    /** Orders that nobody finishes, until new ones are refused. */
    standstill: async () => {
      const ids = [await place('first'), await place(), await place()];
      await pass(10_000);
      return ids;
    },
    close: async () => {
      await server.stop?.();
      await admin.stop?.();
      await metrics.close();
    },
  };
}

describe('admission', () => {
  let edge: Awaited<ReturnType<typeof scene>>;
  beforeEach(async () => {
    edge = await scene();
  });
  afterEach(() => edge.close());

  it('refuses a new order with a code and when to come back, and does nothing for it', async () => {
    await edge.standstill();
    const before = { ...edge.asked };
    const answer = await edge.post();
    assert.equal(answer.status, 503);
    assert.match(answer.headers.get('retry-after') ?? '', /^\d+$/);
    assert.equal(answer.headers.get('content-type'), 'application/problem+json; charset=utf-8');
    assert.equal(((await answer.json()) as { code: string }).code, 'orders_behind');
    assert.deepEqual(edge.asked, before);
  });

  it('refuses by the head: the body is not waited for', async () => {
    await edge.standstill();
    const socket = connect(edge.port(), '127.0.0.1');
    socket.write(
      'POST /api/orders HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: 9999\r\n\r\n',
    );
    const [first] = await new Promise<Buffer[]>((resolve) =>
      socket.once('data', (data) => resolve([data])),
    );
    socket.destroy();
    assert.match(String(first), /^HTTP\/1\.1 503 /);
  });

  it('gives a repeat of an accepted order its answer, byte for byte, and refuses a new key', async () => {
    const first = await (await edge.post('k1')).text();
    await edge.standstill();
    assert.equal((await edge.post()).status, 503);
    const repeat = await edge.post('k1');
    assert.deepEqual([repeat.status, await repeat.text()], [201, first]);
    const { appends } = edge.asked;
    assert.equal((await edge.post('k2')).status, 503);
    assert.equal(edge.asked.appends, appends);
    const other = await edge.post('k1', { ...order, restaurant_id: 'r2' });
    assert.equal(((await other.json()) as { code: string }).code, 'idempotency_key_reused');
  });

  it('refuses no reads and no decisions', async () => {
    const [id = ''] = await edge.standstill();
    assert.equal((await edge.post()).status, 503);
    assert.equal((await fetch(`${edge.base}/${id}`)).status, 200);
    assert.equal((await fetch(`${edge.base}?customer_id=c1`)).status, 200);
    assert.equal((await fetch(`${edge.base}/${id}/cancel`, { method: 'POST' })).status, 200);
  });

  it('welcomes orders again once those accepted are finished', async () => {
    const ids = await edge.standstill();
    assert.equal((await edge.post()).status, 503);
    for (const id of ids) edge.shows(id, 'Approved');
    await edge.pass(400);
    assert.equal((await edge.post()).status, 201);
  });

  it('an order that its restaurant must decide keeps nobody out, one that review was not given does', async () => {
    const ids = await edge.standstill();
    for (const id of ids) edge.shows(id, 'Paid', 7n);
    edge.asked.delivered = 6n;
    await edge.pass(2_000);
    assert.equal((await edge.post()).status, 503);
    edge.asked.delivered = 7n;
    await edge.pass(2_000);
    assert.equal((await edge.post()).status, 201);
  });

  it('refuses nobody for what it cannot see', async () => {
    await edge.standstill();
    edge.away.readModel = true;
    await edge.pass(2_000);
    for (let n = 0; n < 5; n++) await edge.place();
    await edge.pass(10_000);
    assert.equal((await edge.post()).status, 201);
  });

  it('shows what it does: degraded with a reason while it refuses, and in the metrics', async () => {
    await edge.standstill();
    assert.deepEqual(await (await edge.admin('/readyz')).json(), { status: 'ready' });
    await edge.post();
    const ready = await edge.admin('/readyz');
    assert.equal(ready.status, 200);
    assert.match(
      JSON.stringify(await ready.json()),
      /"degraded".*new orders are refused: 3 accepted ones are not finished, the oldest for 10000 ms/,
    );
    const text = await (await edge.admin('/metrics')).text();
    for (const line of [
      /^orders_refused_total(\{.*\})? 1$/m,
      /^orders_unfinished(\{.*\})? 3$/m,
      /^orders_unfinished_limit(\{.*\})? 2$/m,
      /^orders_unfinished_age_seconds(\{.*\})? 10$/m,
    ]) {
      assert.match(text, line);
    }
  });
});
