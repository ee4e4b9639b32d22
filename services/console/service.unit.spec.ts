import assert from 'node:assert/strict';
import { orderEventCodec } from '../../shared/contracts/events.ts';
import type { OrderAnswer } from '../../shared/contracts/http.ts';
import { ORDERS_STREAM } from '../../shared/contracts/subjects.ts';
import { createMemoryEventStore } from '../../shared/eventstore/memory/memory-event-store.ts';
import { background, withPrincipal } from '../../shared/kit/context.ts';
import { usd } from '../../shared/testing/test-currency.ts';
import { letterDesk } from './letters/letter-desk.ts';
import { seesAll } from './orders/asker.ts';
import { createConsoleService } from './service.ts';

const noon = Date.parse('2026-03-01T12:00:00.000Z');
const order = (order_id: string, minutes: number): OrderAnswer => ({
  order_id,
  customer_id: 'ada',
  restaurant_id: 'trattoria',
  status: 'Paid',
  payment_status: 'debited',
  amount: 9.5,
  order_items: [],
  created_on: new Date(noon + minutes * 60_000).toISOString(),
  version: 2,
});

/** The console before an ordersvc whose pages have one order each. */
function consoleService() {
  const store = createMemoryEventStore({ stream: ORDERS_STREAM });
  const codec = orderEventCodec(2);
  const asked: string[] = [];
  const service = createConsoleService({
    store,
    client: {
      list: async (_ctx, query) => {
        asked.push(String(query));
        const late = query.has('overdue');
        return { orders: [late ? order('late', 0) : order('new', 50)], position: 7 };
      },
      events: async () => ({ events: [] }),
      decide: async () => order('new', 50),
    },
    letters: letterDesk(store, codec),
    deadlines: async () => ({ deadlines: [] }),
    audits: {
      name: 'audits',
      able: false,
      begin: () => assert.fail('not asked for'),
      latest: () => assert.fail('not asked for'),
    },
    parts: { part: () => undefined },
    hello: () => ({ pipeline: [], position: 0 }),
    codec,
    currency: usd,
    waits: { paymentMs: 60_000, reviewMs: 60_000, ceilingMs: 3_600_000 },
    strict: true,
    zipkinUrl: undefined,
    now: () => noon + 51 * 60_000,
  });
  const list = async (query: string) => {
    asked.length = 0;
    const { rows } = await service.orders(background(), {
      caller: { authorization: undefined },
      query: new URLSearchParams(query),
    });
    return rows.map(({ order_id }) => order_id);
  };
  return { service, list, asked };
}

describe('the service of the console', () => {
  it('a list of what may wait begins with what waited too long, however short it is', async () => {
    const { list } = consoleService();
    for (const query of ['', 'limit=1', 'open=true', 'status=Paid&limit=1', 'status=Pending']) {
      assert.deepEqual(await list(query), ['late', 'new'], query);
    }
  });

  it('a feed ends with the token that it was asked for by, and after ten minutes', async () => {
    const { service } = consoleService();
    const nowS = (noon + 51 * 60_000) / 1_000;
    const lifeMs = async (claims: Record<string, unknown>) => {
      const known = { kind: 'known', subject: 'ada', roles: [], share: 'subject ada' } as const;
      const ctx = withPrincipal(background(), { ...known, claims });
      const answer = await service.live(ctx, { sees: seesAll });
      assert.equal(answer.share, 'subject ada');
      return answer.lifeMs;
    };
    assert.equal(await lifeMs({ exp: nowS + 90 }), 90_000);
    assert.equal(await lifeMs({ exp: nowS + 86_400 }), 600_000);
    assert.equal(await lifeMs({}), 600_000);
    assert.equal(await lifeMs({ exp: nowS - 20 }), 1_000, 'while it counts all the same');
  });

  it('later pages and lists of what has ended are asked for once', async () => {
    const { list, asked } = consoleService();
    for (const query of ['cursor=abc', 'status=Paid&cursor=abc', 'status=Approved']) {
      assert.deepEqual(await list(query), ['new'], query);
      assert.equal(asked.length, 1, query);
    }
  });
});
