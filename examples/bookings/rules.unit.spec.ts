import assert from 'node:assert/strict';
import { endpointsOf } from '../../shared/kit/endpoints-of.ts';
import { silentLogger } from '../../shared/kit/logger.ts';
import { authorize } from '../../shared/kit/middleware/authorize.ts';
import { whoCalls } from '../../shared/kit/transport/http/callers/who-calls.ts';
import { httpServer } from '../../shared/kit/transport/http/http-server.ts';
import { type TokenIssuer, tokenIssuer } from '../../shared/testing/token-issuer.ts';
import type { BookingService } from './bookings.ts';
import { bookingRoutes } from './routes.ts';
import { bookingRules } from './rules.ts';

describe('the counter of the hotel, off loopback', () => {
  const held: string[] = [];
  const service: BookingService = {
    hold: async (_ctx, { guestId }) => {
      held.push(guestId);
      return { nightId: '101.2026-12-24' };
    },
    nights: async () => [
      { room: '101', status: 'booked', guest_id: 'ada' },
      { room: '102', status: 'held', guest_id: 'bob' },
    ],
  };
  const names = { hold: 'hold_room', nights: 'list_nights' };
  const routes = bookingRoutes(
    endpointsOf(service, names, (_name, method) => authorize(bookingRules[method])),
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

  async function ask(method: string, path: string, who?: { sub: string; roles: string[] }) {
    const authorization = who && `Bearer ${await issuer.sign(who)}`;
    return fetch(`http://127.0.0.1:${server.port()}${path}`, {
      method,
      headers: { 'content-type': 'application/json', ...(authorization && { authorization }) },
      ...(method === 'POST' && {
        body: JSON.stringify({ room: '101', night: '2026-12-24', guest_id: 'ada' }),
      }),
    });
  }
  const guest = (sub: string) => ({ sub, roles: ['customer'] });
  const hotel = { sub: 'olga', roles: ['operator'] };
  const statusOf = async (...asked: Parameters<typeof ask>) => (await ask(...asked)).status;

  it('serves nobody without a token, on any route', async () => {
    for (const { method, path } of routes) {
      const asked = path.replace(':date', '2026-12-24');
      assert.equal(await statusOf(method, asked), 401, `${method} ${path}`);
    }
    assert.deepEqual(held, []);
  });

  it('holds a room for the guest who asks, and for anybody whom the hotel names', async () => {
    assert.equal(await statusOf('POST', '/api/bookings', guest('bob')), 403);
    assert.deepEqual(held, []);
    assert.equal(await statusOf('POST', '/api/bookings', guest('ada')), 201);
    assert.equal(await statusOf('POST', '/api/bookings', hotel), 201);
    assert.deepEqual(held, ['ada', 'ada']);
  });

  it('tells a guest which rooms are taken, but not by whom', async () => {
    const guestsFor = async (who: { sub: string; roles: string[] }) => {
      const response = await ask('GET', '/api/nights/2026-12-24', who);
      const { rooms } = (await response.json()) as { rooms: { guest_id: string }[] };
      return rooms.map(({ guest_id }) => guest_id);
    };
    assert.deepEqual(await guestsFor(guest('ada')), ['ada', '']);
    assert.deepEqual(await guestsFor(hotel), ['ada', 'bob']);
  });
});
