/** Every route, and everybody who may or may not use it, by the table of rights itself. */
import assert from 'node:assert/strict';
import { createHmac } from 'node:crypto';
import { orderEventCodec } from '../../../shared/contracts/events.ts';
import {
  type HttpOperation,
  type HttpRight,
  httpRights,
  type Person,
  people,
} from '../../../shared/contracts/rights/http-rights.ts';
import { ORDER_AGGREGATE, ORDERS_STREAM } from '../../../shared/contracts/subjects.ts';
import type { OrderEvent } from '../../../shared/domain/order.ts';
import { newId } from '../../../shared/eventstore/ids.ts';
import { createMemoryEventStore } from '../../../shared/eventstore/memory/memory-event-store.ts';
import { background } from '../../../shared/kit/context.ts';
import { silentLogger } from '../../../shared/kit/logger.ts';
import { authorize } from '../../../shared/kit/middleware/authorize.ts';
import { whoCalls } from '../../../shared/kit/transport/http/callers/who-calls.ts';
import { httpServer } from '../../../shared/kit/transport/http/http-server.ts';
import { minor } from '../../../shared/money/money.ts';
import { usd } from '../../../shared/testing/test-currency.ts';
import {
  AUDIENCE,
  ISSUER,
  type TokenIssuer,
  tokenIssuer,
} from '../../../shared/testing/token-issuer.ts';
import { orderEndpoints } from '../endpoints.ts';
import { orderRules } from '../order-rules.ts';
import { createOrderService } from '../service.ts';
import { orderRoutes } from '../transport-http.ts';
import type { OrderListQuery } from '../views/order-list.ts';
import { createRecentWrites } from '../views/recent-writes.ts';
import { rememberedParties } from './parties.ts';

/** Who ordered what is asked about, and where. */
const ADA = 'ada';
const TRATTORIA = 'trattoria';

const placing = {
  customer_id: ADA,
  restaurant_id: TRATTORIA,
  order_items: [{ code: 'P1', name: 'Pizza', unit_price: 12.5, quantity: 2 }],
};

/** A valid request for each operation, about an order of Ada's at the trattoria. */
const requests: Readonly<
  Record<HttpOperation, { readonly query?: string; readonly body?: unknown }>
> = {
  getOpenApi: {},
  placeOrder: { body: placing },
  getOrder: {},
  listOrders: { query: `?customer_id=${ADA}&restaurant_id=${TRATTORIA}` },
  getOrderEvents: {},
  cancelOrder: { body: { reason: 'too slow' } },
  approveOrder: {},
  rejectOrder: { body: { reason: 'closed' } },
};

/** Tokens that count for nothing, whatever they say. */
const worthless: Readonly<Record<string, (issuer: TokenIssuer) => Promise<string>>> = {
  expired: (issuer) => issuer.sign({ ...asOperator, exp: seconds() - 60 }),
  'not valid yet': (issuer) => issuer.sign({ ...asOperator, nbf: seconds() + 60 }),
  'without an end': (issuer) => issuer.sign({ ...asOperator, exp: undefined as never }),
  'for another audience': (issuer) => issuer.sign({ ...asOperator, aud: 'letters' }),
  'of another issuer': (issuer) => issuer.sign({ ...asOperator, iss: 'https://evil.example' }),
  'signed by a key that is not published': async () => {
    const other = await tokenIssuer();
    return other.sign(asOperator);
  },
  'of alg none': async () => forged('none', () => ''),
  'of HS256 with the public key as its secret': async (issuer) => {
    const secret = await issuer.publicKeyText();
    return forged('HS256', (text) => createHmac('sha256', secret).update(text).digest('base64url'));
  },
  'with another payload than was signed': async (issuer) => {
    const [head, , signature] = (await issuer.sign({ sub: 'eve', roles: [] })).split('.');
    return `${head}.${base64(claims())}.${signature}`;
  },
  'that is no token': async () => 'olga',
};

const asOperator = { sub: 'olga', roles: ['operator'] };
const seconds = () => Math.floor(Date.now() / 1_000);
const claims = () => ({ iss: ISSUER, aud: AUDIENCE, exp: seconds() + 300, ...asOperator });
const base64 = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url');
function forged(alg: string, sign: (text: string) => string): string {
  const text = `${base64({ alg, kid: 'k1', typ: 'JWT' })}.${base64(claims())}`;
  return `${text}.${sign(text)}`;
}

/** People with good tokens, and whether the order is theirs. */
const known: Readonly<
  Record<string, { readonly is?: Person; readonly own?: boolean; readonly claims: object }>
> = {
  'the customer': { is: 'customer', own: true, claims: { sub: ADA, roles: ['customer'] } },
  'another customer': { is: 'customer', claims: { sub: 'bob', roles: ['customer'] } },
  'a customer with the name of the restaurant': {
    is: 'customer',
    claims: { sub: TRATTORIA, roles: ['customer'] },
  },
  'the restaurant': {
    is: 'restaurant',
    own: true,
    claims: { sub: 'luigi', roles: 'restaurant', restaurant_id: TRATTORIA },
  },
  'another restaurant': {
    is: 'restaurant',
    claims: { sub: TRATTORIA, roles: ['restaurant'], restaurant_id: 'bistro' },
  },
  'a restaurant with the name of the customer': {
    is: 'restaurant',
    claims: { sub: ADA, roles: ['restaurant'] },
  },
  'an operator': { is: 'operator', claims: { sub: 'olga', roles: ['operator'] } },
  'somebody without a role': { claims: { sub: ADA } },
  'somebody whose role is unknown': { claims: { sub: ADA, roles: ['admin', 7, 'Operator'] } },
};

/** What the table promises: the status of an answer, or 0 for any 2xx. */
function promised(operation: HttpOperation, is: Person | undefined, own: boolean): number {
  const right: HttpRight = httpRights[operation];
  if (right === 'anybody') return 0;
  const reach = is === undefined ? 'none' : right[is];
  if (reach === 'any' || (reach === 'own' && own)) return 0;
  // Their own words name somebody else; an order's id says nothing of whose it is.
  const namesOthers = operation === 'placeOrder' || operation === 'listOrders';
  return reach === 'none' || namesOthers ? 403 : 404;
}

describe('who may do what over HTTP', function suite() {
  this.timeout(20_000);
  const codec = orderEventCodec(2);
  const log = createMemoryEventStore({ stream: ORDERS_STREAM });
  const listed: OrderListQuery[] = [];
  const service = createOrderService({
    store: log,
    storeAway: () => false,
    readModel: {
      find: async () => undefined,
      list: async (_ctx, query) => {
        listed.push(query);
        return { orders: [], next: undefined, position: 1n };
      },
    },
    recent: createRecentWrites(),
    codec,
    patienceMs: 1_000,
  });
  const rules = orderRules(
    rememberedParties(async (ctx, orderId) => (await service.get(ctx, { orderId })).order.details),
  );
  const routes = orderRoutes(
    orderEndpoints(service, (_name, method) => authorize(rules[method])),
    usd,
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

  /** The id of an order of Ada's that is paid. */
  async function paidOrder(): Promise<string> {
    const orderId = newId();
    const payment = { orderId, customerId: ADA, amount: minor(2500) };
    const details = { ...payment, restaurantId: TRATTORIA, items: [], createdOn: '2026-01-02' };
    const events: OrderEvent[] = [
      { type: 'created', order: details },
      { type: 'paymentdebited', ...payment, paymentId: 'pi_1' },
    ];
    await log.append(background(), {
      events: events.map((event) => ({
        ...codec.encode(event),
        eventId: newId(),
        aggregateId: orderId,
        aggregateType: ORDER_AGGREGATE,
        metadata: { correlation_id: 'c', traceparent: 't' },
      })),
    });
    return orderId;
  }

  const eventsOf = (orderId: string) =>
    log.readAggregate(background(), { aggregateType: ORDER_AGGREGATE, aggregateId: orderId });
  const logEnd = async () => (await log.head(background())).toString();

  async function ask(
    operation: HttpOperation,
    orderId: string,
    authorization: string | undefined,
    headers: Readonly<Record<string, string>> = {},
  ): Promise<Response> {
    const route = routes.find((one) => one.operation?.operationId === operation);
    assert.ok(route, `${operation} is served`);
    const { query = '', body } = requests[operation];
    const path = route.path.replace(':id', orderId);
    return fetch(`http://127.0.0.1:${server.port()}${path}${query}`, {
      method: route.method,
      headers: {
        ...(authorization !== undefined && { authorization }),
        ...(body !== undefined && { 'content-type': 'application/json' }),
        ...headers,
      },
      ...(body !== undefined && { body: JSON.stringify(body) }),
    });
  }
  const codeOf = async (response: Response) => ((await response.json()) as { code: string }).code;

  it('every route has a right, and every right a route', () => {
    const served = routes.map(({ operation }) => operation?.operationId);
    assert.deepEqual([...served].sort(), Object.keys(httpRights).sort());
  });

  it('only what is open to anybody is open to strangers', () => {
    for (const { operation, open } of routes) {
      const right = httpRights[operation?.operationId as HttpOperation];
      assert.equal(open, right === 'anybody', operation?.operationId);
    }
  });

  for (const operation of Object.keys(httpRights) as HttpOperation[]) {
    const open = (httpRights[operation] as HttpRight) === 'anybody';

    it(`${operation}: without a token ${open ? 'it is answered' : 'nothing is done, and the answer says what is missing'}`, async () => {
      const orderId = await paidOrder();
      const before = await logEnd();
      const response = await ask(operation, orderId, undefined);
      if (open) return assert.equal(response.status, 200);
      assert.equal(response.status, 401);
      assert.equal(response.headers.get('www-authenticate'), 'Bearer');
      assert.equal(await codeOf(response), 'token_missing');
      assert.equal(await logEnd(), before);
    });

    for (const [what, make] of Object.entries(worthless)) {
      it(`${operation}: a token ${what} is refused`, async () => {
        const orderId = await paidOrder();
        const before = await logEnd();
        const response = await ask(operation, orderId, `Bearer ${await make(issuer)}`);
        assert.equal(response.status, 401);
        assert.match(
          response.headers.get('www-authenticate') ?? '',
          /^Bearer error="invalid_token", error_description="[^"]+"$/,
        );
        assert.equal(
          await codeOf(response),
          what === 'expired' ? 'token_expired' : 'token_invalid',
        );
        assert.equal(await logEnd(), before);
      });
    }

    for (const [who, { is, own = false, claims: said }] of Object.entries(known)) {
      const status = promised(operation, is, own);
      it(`${operation}: ${who} is ${status === 0 ? 'answered' : `refused (${status})`}`, async () => {
        const orderId = await paidOrder();
        const before = await logEnd();
        const response = await ask(operation, orderId, `Bearer ${await issuer.sign({ ...said })}`);
        if (status === 0) return assert.ok(response.ok, `${response.status}`);
        assert.equal(response.status, status);
        assert.equal(await codeOf(response), status === 404 ? 'order_not_found' : 'not_allowed');
        assert.equal(await logEnd(), before);
      });
    }
  }

  it('what is somebody else’s looks like what does not exist, whatever version is asked for', async () => {
    const token = `Bearer ${await issuer.sign({ sub: 'bob', roles: ['customer'] })}`;
    const orderId = await paidOrder();
    const missing = newId();
    for (const operation of ['getOrder', 'getOrderEvents', 'cancelOrder'] as const) {
      for (const headers of [{}, { 'if-match': '"7"' }, { 'if-none-match': '*' }]) {
        const theirs = await ask(operation, orderId, token, headers);
        const none = await ask(operation, missing, token, headers);
        assert.deepEqual([theirs.status, none.status], [404, 404]);
        const text = async (response: Response, id: string) => {
          const { trace_id: _, ...document } = (await response.json()) as Record<string, unknown>;
          return JSON.stringify(document).replaceAll(id, '…');
        };
        assert.equal(await text(theirs, orderId), await text(none, missing));
      }
    }
  });

  it('a list without a name shows the caller’s own orders only', async () => {
    const lists = async (who: object, query: string) => {
      const response = await fetch(`http://127.0.0.1:${server.port()}/api/orders${query}`, {
        headers: { authorization: `Bearer ${await issuer.sign({ ...who })}` },
      });
      assert.equal(response.status, 200);
      return listed.at(-1);
    };
    const ada = { sub: ADA, roles: ['customer'] };
    assert.equal((await lists(ada, '?status=Paid'))?.customerId, ADA);
    assert.equal((await lists(ada, `?restaurant_id=${TRATTORIA}`))?.customerId, ADA);
    const luigi = { sub: TRATTORIA, roles: ['restaurant'] };
    assert.equal((await lists(luigi, '?status=Paid'))?.restaurantId, TRATTORIA);
    assert.equal((await lists(luigi, '?customer_id=bob'))?.restaurantId, TRATTORIA);
    assert.equal((await lists(asOperator, '?status=Paid'))?.customerId, undefined);
  });

  it('what an operator does in another’s name is recorded, and only operators read who it was', async () => {
    const operator = `Bearer ${await issuer.sign(asOperator)}`;
    const customer = `Bearer ${await issuer.sign({ sub: ADA, roles: ['customer'] })}`;
    const placed = (await (await ask('placeOrder', '', operator)).json()) as { order_id: string };
    assert.equal((await eventsOf(placed.order_id))[0]?.metadata.actor, 'operator olga');
    const own = (await (await ask('placeOrder', '', customer)).json()) as { order_id: string };
    assert.equal((await eventsOf(own.order_id))[0]?.metadata.actor, undefined);

    const orderId = await paidOrder();
    assert.ok((await ask('approveOrder', orderId, operator)).ok);
    assert.equal((await eventsOf(orderId)).at(-1)?.metadata.actor, 'operator olga');
    const shown = async (token: string) => (await ask('getOrderEvents', orderId, token)).text();
    assert.match(await shown(operator), /olga/);
    assert.doesNotMatch(await shown(customer), /olga|traceparent/);
  });

  it('a restaurant sees what happened, but no id of a payment; the customer sees theirs', async () => {
    const orderId = await paidOrder();
    const shown = async (who: object) => {
      const response = await ask(
        'getOrderEvents',
        orderId,
        `Bearer ${await issuer.sign({ ...who })}`,
      );
      const { events } = (await response.json()) as {
        events: { data: object; event_type: string }[];
      };
      return events;
    };
    const restaurant = await shown({ sub: TRATTORIA, roles: ['restaurant'] });
    assert.deepEqual(
      restaurant.map((event) => event.event_type),
      ['ORDERS.created', 'ORDERS.paymentdebited'],
    );
    assert.doesNotMatch(JSON.stringify(restaurant), /pi_1/);
    assert.match(JSON.stringify(await shown({ sub: ADA, roles: ['customer'] })), /pi_1/);
    const both = { sub: ADA, roles: [...people], restaurant_id: TRATTORIA };
    assert.match(JSON.stringify(await shown(both)), /pi_1/);
  });
});
