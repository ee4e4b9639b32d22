import assert from 'node:assert/strict';
import { trace } from '@opentelemetry/api';
import { orderEventCodec } from '../../shared/contracts/events.ts';
import { orderAnswer } from '../../shared/contracts/http.ts';
import { ORDER_AGGREGATE, ORDERS_STREAM } from '../../shared/contracts/subjects.ts';
import type { OrderEvent } from '../../shared/domain/order.ts';
import { newId } from '../../shared/eventstore/ids.ts';
import { createMemoryEventStore } from '../../shared/eventstore/memory/memory-event-store.ts';
import { background } from '../../shared/kit/context.ts';
import { nop } from '../../shared/kit/endpoint.ts';
import { CodedError } from '../../shared/kit/errors.ts';
import { silentLogger } from '../../shared/kit/logger.ts';
import { httpServer } from '../../shared/kit/transport/http/http-server.ts';
import { minor } from '../../shared/money/money.ts';
import { sendRaw } from '../../shared/testing/raw-http.ts';
import { usd } from '../../shared/testing/test-currency.ts';
import { spanRecorder } from '../../shared/testing/zipkin/span-recorder.ts';
import { hasSingleSpanNamed } from '../../shared/testing/zipkin/spans.ts';
import { httpServerTrace } from '../../zipkin/http.ts';
import { orderEndpoints } from './endpoints.ts';
import { createOrderService } from './service.ts';
import { orderRoutes } from './transport-http.ts';
import { createRecentWrites } from './views/recent-writes.ts';

describe('decisions over HTTP', () => {
  const codec = orderEventCodec(2);
  const log = createMemoryEventStore({ stream: ORDERS_STREAM });
  const recorder = spanRecorder();
  let late = false;
  /** The trace that the last append was made in. */
  let appendedIn: string | undefined;
  const service = createOrderService({
    store: {
      ...log,
      append: async (ctx, request) => {
        appendedIn = trace.getSpanContext(ctx.telemetry)?.traceId;
        const appended = await log.append(ctx, request);
        if (late) throw new CodedError('timeout', 'deadline_exceeded', 'late');
        return appended;
      },
    },
    storeAway: () => false,
    readModel: { find: async () => undefined, list: async () => assert.fail() },
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
    hook: httpServerTrace(recorder.tracer, { tagOfParam: { id: 'order.id' } }),
    logger: silentLogger,
  });

  before(() => server.start?.());
  after(() => server.stop?.());
  afterEach(() => {
    late = false;
  });

  const url = (path: string) => `http://127.0.0.1:${server.port()}/api/orders/${path}`;
  const post = (path: string, json?: unknown, headers: Record<string, string> = {}) =>
    fetch(url(path), {
      method: 'POST',
      ...(json === undefined
        ? { headers }
        : {
            headers: { 'content-type': 'application/json', ...headers },
            body: JSON.stringify(json),
          }),
    });

  /** The id of an order that is paid, or only placed. */
  async function order(paid = true): Promise<string> {
    const orderId = newId();
    const payment = { orderId, customerId: 'c1', amount: minor(2500) };
    const details = {
      ...payment,
      restaurantId: 'r1',
      items: [],
      createdOn: '2026-01-02T03:04:05Z',
    };
    const events: OrderEvent[] = [
      { type: 'created', order: details },
      { type: 'paymentdebited', ...payment, paymentId: 'p1' },
    ];
    await log.append(background(), {
      events: events.slice(0, paid ? 2 : 1).map((event) => ({
        ...codec.encode(event),
        eventId: newId(),
        aggregateId: orderId,
        aggregateType: ORDER_AGGREGATE,
        metadata: {},
      })),
    });
    return orderId;
  }

  /** The order in an answer that is 200, its version checked against the ETag. */
  async function answered(response: Response) {
    assert.equal(response.status, 200);
    const body = orderAnswer.strict().parse(await response.json());
    assert.equal(response.headers.get('etag'), `"${body.version}"`);
    return body;
  }

  /** The problem document of an answer, after checking that it is one. */
  async function problem(response: Response, status: number) {
    assert.equal(response.status, status);
    assert.match(response.headers.get('content-type') ?? '', /^application\/problem\+json/);
    return (await response.json()) as { code: string; problems?: { field: string }[] };
  }

  it('a form on a web page approves nothing, and neither does a name that leads here', async () => {
    const orderId = await order();
    const form = await post(`${orderId}/approve`, undefined, {
      'content-type': 'application/x-www-form-urlencoded',
      origin: 'https://evil.example',
      'sec-fetch-site': 'cross-site',
    });
    assert.equal((await problem(form, 403)).code, 'foreign_origin');
    const rebound = await sendRaw(
      server.port(),
      `POST /api/orders/${orderId}/approve HTTP/1.1\r\nHost: evil.example:${server.port()}\r\nContent-Length: 0\r\n\r\n`,
    );
    assert.equal(rebound.status, 421);
    assert.equal((await answered(await fetch(url(orderId)))).status, 'Paid');
  });

  it('each is answered with the order it leaves behind, as GET then shows it', async () => {
    const wanted = [
      ['cancel', { reason: 'too slow' }, 'Cancelled', 'too slow'],
      ['approve', undefined, 'Approved', undefined],
      ['reject', { reason: 'closed' }, 'Rejected', 'closed'],
    ] as const;
    for (const [command, body, status, reason] of wanted) {
      const orderId = await order();
      const after = await answered(await post(`${orderId}/${command}`, body));
      assert.deepEqual([after.status, after.reason, after.version], [status, reason, 3]);
      assert.equal(after.payment_status, 'debited');
      assert.deepEqual(await answered(await fetch(url(orderId))), after);
    }
  });

  it('a cancellation needs no body, and is answered alike each time', async () => {
    const orderId = await order(false);
    const first = await answered(await post(`${orderId}/cancel`));
    assert.equal(first.reason, 'customer_request');
    assert.deepEqual(await answered(await post(`${orderId}/cancel`, { reason: 'other' })), first);
    assert.deepEqual(await answered(await post(`${orderId}/cancel`, {})), first);
  });

  it('what the order does not allow is 409, with a code', async () => {
    const taken = await order();
    await post(`${taken}/approve`);
    assert.equal((await problem(await post(`${taken}/cancel`), 409)).code, 'order_ended');
    const rejection = await post(`${taken}/reject`, { reason: 'closed' });
    assert.equal((await problem(rejection, 409)).code, 'order_ended');
    const unpaid = await order(false);
    assert.equal((await problem(await post(`${unpaid}/approve`), 409)).code, 'order_not_paid');
  });

  it('an unknown order is 404, and so is what can be no id', async () => {
    for (const id of ['none', '%00']) {
      for (const command of ['cancel', 'approve', 'reject']) {
        const response = await post(`${id}/${command}`, { reason: 'closed' });
        assert.equal((await problem(response, 404)).code, 'order_not_found');
      }
    }
  });

  it('a rejection says why, and every reason can be shown', async () => {
    const orderId = await order();
    const wrong = [undefined, {}, { reason: ' ' }, { reason: 'x'.repeat(201) }, { reason: 5 }];
    for (const body of wrong) {
      const { code, problems } = await problem(await post(`${orderId}/reject`, body), 422);
      assert.equal(code, 'invalid_decision');
      assert.deepEqual(
        problems?.map(({ field }) => field),
        ['reason'],
      );
    }
    for (const body of [{ reason: 'a\nb' }, { reason: null }]) {
      assert.equal(
        (await problem(await post(`${orderId}/cancel`, body), 422)).code,
        'invalid_decision',
      );
    }
    for (const body of [5, [], 'text', null]) {
      const { problems } = await problem(await post(`${orderId}/cancel`, body), 422);
      assert.deepEqual(
        problems?.map(({ field }) => field),
        ['body'],
      );
    }
    assert.equal((await answered(await fetch(url(orderId)))).status, 'Paid');
  });

  it('If-Match names the version: another is 412, and nothing is done', async () => {
    const commands = [
      ['cancel', undefined],
      ['approve', undefined],
      ['reject', { reason: 'closed' }],
    ] as const;
    for (const [command, body] of commands) {
      const orderId = await order();
      for (const tag of ['"999"', '"1"', 'W/"2"', '2', '']) {
        const response = await post(`${orderId}/${command}`, body, { 'if-match': tag });
        assert.equal((await problem(response, 412)).code, 'version_mismatch', tag);
      }
      assert.equal((await answered(await fetch(url(orderId)))).status, 'Paid');
      const response = await post(`${orderId}/${command}`, body, { 'if-match': '"1", "2"' });
      assert.equal((await answered(response)).version, 3);
    }
    const orderId = await order();
    await answered(await post(`${orderId}/cancel`, undefined, { 'if-match': '*' }));
    const unknown = await post('none/cancel', undefined, { 'if-match': '*' });
    assert.equal((await problem(unknown, 404)).code, 'order_not_found');
  });

  it('an unknown outcome is 503, with when to ask again; then it is found done', async () => {
    const orderId = await order();
    late = true;
    const response = await post(`${orderId}/cancel`);
    assert.equal(response.headers.get('retry-after'), '1');
    assert.equal((await problem(response, 503)).code, 'event_store_away');
    assert.equal((await answered(await post(`${orderId}/cancel`))).version, 3);
  });

  it("continues its own caller's trace, which the order's id finds", async () => {
    const orderId = await order();
    const traceId = '0af7651916cd43dd8448eb211c80319c';
    const response = await post(`${orderId}/cancel`, undefined, {
      traceparent: `00-${traceId}-b7ad6b7169203331-01`,
    });
    assert.equal(response.headers.get('x-trace-id'), traceId);
    await response.text();
    assert.equal(appendedIn, traceId);
    const own = recorder.spans().filter((span) => span.traceId === traceId);
    const span = hasSingleSpanNamed(own, 'POST /api/orders/:id/cancel');
    assert.equal(span.tags['order.id'], orderId);
  });
});
