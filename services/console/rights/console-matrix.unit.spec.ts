/** Every route of the console's API, and everybody who may or may not use it, by the table of rights itself. */
import assert from 'node:assert/strict';
import { orderEventCodec } from '../../../shared/contracts/events.ts';
import type { OrderAnswer } from '../../../shared/contracts/http.ts';
import {
  type ConsoleOperation,
  consoleRights,
  type Person,
  people,
} from '../../../shared/contracts/rights/http-rights.ts';
import { ORDERS_STREAM } from '../../../shared/contracts/subjects.ts';
import { createMemoryEventStore } from '../../../shared/eventstore/memory/memory-event-store.ts';
import { silentLogger } from '../../../shared/kit/logger.ts';
import { authorize } from '../../../shared/kit/middleware/authorize.ts';
import { whoCalls } from '../../../shared/kit/transport/http/callers/who-calls.ts';
import { httpServer } from '../../../shared/kit/transport/http/http-server.ts';
import { usd } from '../../../shared/testing/test-currency.ts';
import { type TokenIssuer, tokenIssuer } from '../../../shared/testing/token-issuer.ts';
import { consoleRules } from '../console-rules.ts';
import { consoleEndpoints } from '../endpoints.ts';
import { pageRoutes } from '../http/page-files.ts';
import { letterDesk } from '../letters/letter-desk.ts';
import { liveReaders } from '../live/live-readers.ts';
import type { OrdersClient } from '../orders/ordersvc-client.ts';
import { createConsoleService } from '../service.ts';
import { consoleRoutes } from '../transport-http.ts';

/** A valid request for each operation. */
const requests: Readonly<
  Record<ConsoleOperation, { readonly path: string; readonly body?: unknown; readonly post?: true }>
> = {
  session: { path: '/api/session' },
  orders: { path: '/api/orders' },
  order: { path: '/api/orders/o1' },
  live: { path: '/api/live' },
  cancel: { path: '/api/orders/o1/cancel', post: true },
  approve: { path: '/api/orders/o1/approve', post: true },
  reject: { path: '/api/orders/o1/reject', post: true, body: { reason: 'closed' } },
  letters: { path: '/api/letters' },
  letter: { path: '/api/letters/payment-worker/7' },
  replay: {
    path: '/api/letters/replay',
    post: true,
    body: { letters: [{ consumer: 'payment-worker', position: 7 }] },
  },
  close: {
    path: '/api/letters/close',
    post: true,
    body: { letters: [{ consumer: 'payment-worker', position: 7 }], reason: 'a test' },
  },
  deadlines: { path: '/api/deadlines' },
  startAudit: { path: '/api/audits', post: true },
  audit: { path: '/api/audits/latest' },
  repairAudit: { path: '/api/audits/latest/repair', post: true },
};

const operations = Object.keys(consoleRights) as ConsoleOperation[];
const orderAnswer: OrderAnswer = {
  order_id: 'o1',
  customer_id: 'ada',
  restaurant_id: 'trattoria',
  status: 'Paid',
  payment_status: 'debited',
  amount: 9.5,
  order_items: [],
  created_on: '2026-03-01T18:30:00.000Z',
  version: 2,
};
const audit = { state: 'running', repair: false, started_at: '2026-03-01T18:30:00.000Z' } as const;

describe('who may do what in the console', function suite() {
  this.timeout(20_000);
  const asked: (string | undefined)[] = [];
  const store = createMemoryEventStore({ stream: ORDERS_STREAM });
  const client: OrdersClient = {
    list: async (_ctx, _query, { authorization }) => {
      asked.push(authorization);
      return { orders: [], position: 1 };
    },
    events: async (_ctx, orderId, { authorization }) => {
      asked.push(authorization);
      return {
        events: [
          {
            event_id: 'e1',
            event_type: 'ORDERS.created',
            version: 1,
            position: 1,
            created_at: orderAnswer.created_on,
            data: { ...orderAnswer, order_id: orderId, status: 'Pending' },
            metadata: { traceparent: `00-${'a'.repeat(32)}-${'b'.repeat(16)}-01` },
          },
        ],
      };
    },
    decide: async (_ctx, _decided, { authorization }) => {
      asked.push(authorization);
      return orderAnswer;
    },
  };
  const codec = orderEventCodec(2);
  const readers = liveReaders(10);
  const service = createConsoleService({
    store,
    client,
    letters: letterDesk(store, codec),
    deadlines: async () => ({ deadlines: [] }),
    audits: { name: 'audits', able: true, begin: () => audit, latest: () => audit },
    parts: { part: () => undefined },
    hello: () => ({ pipeline: [], position: 0 }),
    codec,
    currency: usd,
    waits: { paymentMs: 60_000, reviewMs: 60_000, ceilingMs: 3_600_000 },
    strict: true,
    zipkinUrl: undefined,
    now: () => Date.parse('2026-03-01T18:30:05.000Z'),
  });
  const routes = consoleRoutes(
    consoleEndpoints(service, (_name, method) => authorize(consoleRules[method])),
    readers,
  );
  let issuer: TokenIssuer;
  let server: ReturnType<typeof httpServer>;

  before(async () => {
    issuer = await tokenIssuer();
    server = httpServer({
      host: '127.0.0.1',
      port: 0,
      routes: [...routes, ...pageRoutes()],
      whoCalls: whoCalls({ tokens: issuer.tokens, trusting: false, trustedProxies: 0 }),
      logger: silentLogger,
    });
    await server.start?.();
  });
  after(() => server?.stop?.());

  /** The status of the answer, whose rest is not waited for. */
  async function send(operation: ConsoleOperation, token?: string) {
    const { path, body, post } = requests[operation];
    const leave = new AbortController();
    const response = await fetch(`http://127.0.0.1:${server.port()}${path}`, {
      method: post ? 'POST' : 'GET',
      headers: {
        ...(token !== undefined && { authorization: `Bearer ${token}` }),
        ...(body !== undefined && { 'content-type': 'application/json' }),
      },
      ...(body !== undefined && { body: JSON.stringify(body) }),
      signal: leave.signal,
    });
    const text = operation === 'live' && response.ok ? '' : await response.text();
    leave.abort();
    return { status: response.status, text };
  }

  it('each route of the API serves one operation of the table', () => {
    const pathOf = ({ path, post }: (typeof requests)[ConsoleOperation]) =>
      `${post ? 'POST' : 'GET'} ${path
        .replace('/o1', '/:id')
        .replace('/payment-worker/7', '/:consumer/:position')}`;
    assert.deepEqual(
      routes.map(({ method, path }) => `${method} ${path}`).sort(),
      operations.map((operation) => pathOf(requests[operation])).sort(),
    );
    assert.ok(
      routes.every(({ open }) => !open),
      'no route of the API is open',
    );
  });

  for (const operation of operations) {
    for (const person of people) {
      const may = consoleRights[operation][person] !== 'none';
      it(`${operation}: ${person} ${may ? 'may' : 'may not'}`, async () => {
        const token = await issuer.sign({ sub: 'somebody', roles: [person satisfies Person] });
        const { status, text } = await send(operation, token);
        if (!may) assert.equal(status, 403, text);
        // There is no such letter, which only who may ask learns.
        else if (operation === 'letter') assert.equal(status, 404, text);
        else assert.ok(status === 200 || status === 202, `${status} ${text}`);
      });
    }

    it(`${operation}: nobody without a token, or with a worthless one`, async () => {
      assert.equal((await send(operation)).status, 401);
      assert.equal((await send(operation, 'olga')).status, 401);
      const nothing = await issuer.sign({ sub: 'eve', roles: ['admin'] });
      assert.equal((await send(operation, nothing)).status, 403);
    });
  }

  it('orders are asked for in the name of who asks', async () => {
    const token = await issuer.sign({ sub: 'luigi', roles: ['restaurant'] });
    for (const operation of ['orders', 'order', 'approve'] as const) {
      asked.length = 0;
      await send(operation, token);
      assert.ok(asked.length > 0, operation);
      for (const authorization of asked) assert.equal(authorization, `Bearer ${token}`, operation);
    }
  });

  it('only operators see traces', async () => {
    const seen = async (role: Person) => {
      const token = await issuer.sign({ sub: 'somebody', roles: [role] });
      const { text } = await send('order', token);
      return (JSON.parse(text) as { story: { trace_ids: string[] } }).story.trace_ids;
    };
    assert.deepEqual(await seen('operator'), ['a'.repeat(32)]);
    assert.deepEqual(await seen('restaurant'), []);
  });
});
