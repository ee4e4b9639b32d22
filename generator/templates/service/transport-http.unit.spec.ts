import assert from 'node:assert/strict';
import { orderEventCodec } from '../../../shared/contracts/events.ts';
import { ORDERS_STREAM, orderAggregate } from '../../../shared/contracts/subjects.ts';
import { newId } from '../../../shared/eventstore/ids.ts';
import { createMemoryEventStore } from '../../../shared/eventstore/memory/memory-event-store.ts';
import { background } from '../../../shared/kit/context.ts';
import { silentLogger } from '../../../shared/kit/logger.ts';
import { authorize } from '../../../shared/kit/middleware/authorize.ts';
import { whoCalls } from '../../../shared/kit/transport/http/callers/who-calls.ts';
import { httpServer } from '../../../shared/kit/transport/http/http-server.ts';
import { minor } from '../../../shared/money/money.ts';
import { type TokenIssuer, tokenIssuer } from '../../../shared/testing/token-issuer.ts';
import { sampleOwnerEndpoints } from './endpoints.ts';
import { sampleOwnerRules } from './sample-owner-rules.ts';
import { createSampleOwnerService } from './service.ts';
import { sampleOwnerRoutes } from './transport-http.ts';

describe('samplename over HTTP', () => {
  const codec = orderEventCodec(2);
  const store = createMemoryEventStore({ stream: ORDERS_STREAM });
  const service = createSampleOwnerService(store, codec);
  const routes = sampleOwnerRoutes(
    sampleOwnerEndpoints(service, (_name, method) => authorize(sampleOwnerRules[method])),
  );
  let issuer: TokenIssuer;
  let server: ReturnType<typeof httpServer>;
  before(async () => {
    issuer = await tokenIssuer();
    server = httpServer({
      host: '127.0.0.1',
      port: 0,
      routes,
      whoCalls: whoCalls({ tokens: issuer.tokens, trusting: false, trustedProxies: 0 }),
      logger: silentLogger,
    });
    await server.start?.();
  });
  after(() => server?.stop?.());

  /** Asks with a token of this role, or without one. */
  async function ask(method: string, path: string, role?: string): Promise<Response> {
    const token = role && (await issuer.sign({ sub: 'olga', roles: [role] }));
    const headers = token ? { authorization: `Bearer ${token}` } : {};
    return fetch(`http://127.0.0.1:${server.port()}${path}`, { method, headers });
  }
  const get = (orderId: string) => ask('GET', `/api/sample-owner/${orderId}`, 'operator');

  it('shows the sample owner of an order', async () => {
    const orderId = newId();
    const order = {
      orderId,
      customerId: 'customer-1',
      restaurantId: 'restaurant-1',
      amount: minor(1_250),
      items: [],
      createdOn: '2026-01-01T00:00:00.000Z',
    };
    const filed = { eventId: newId(), ...orderAggregate(orderId), metadata: {} };
    const event = { ...filed, ...codec.encode({ type: 'created', order }) };
    await store.append(background(), { events: [event] });
    const response = await get(orderId);
    assert.equal(
      response.status,
      200,
      'sampleOwnerOf() in services/samplename/sample-owner-view.ts returns nothing: write what is shown of an order',
    );
    const { order_id } = (await response.json()) as { order_id: string };
    assert.equal(order_id, orderId);
  });

  it('has a rule for each route: nobody gets through without a token that allows it', async () => {
    for (const { method, path } of routes) {
      const asked = path.replace(':id', newId());
      assert.equal((await ask(method, asked)).status, 401, `${method} ${path}`);
      assert.equal((await ask(method, asked, 'nobody')).status, 403, `${method} ${path}`);
    }
  });

  it('answers 404 for an order that is not there, and for what cannot be an id', async () => {
    for (const id of [newId(), 'x'.repeat(300)]) {
      const response = await get(id);
      const { code } = (await response.json()) as { code: string };
      assert.deepEqual([response.status, code], [404, 'order_not_found']);
    }
  });
});
