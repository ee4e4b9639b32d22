import assert from 'node:assert/strict';
import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import { freePorts } from '../../stack/ports.ts';
import { until } from '../../stack/until.ts';
import { readConfig } from './config.ts';
import { type App, createContainer } from './container.ts';

const order = {
  customer_id: 'c1',
  restaurant_id: 'r1',
  order_items: [{ code: 'P1', name: 'Pizza', unit_price: 12.5, quantity: 2 }],
};

/** Few enough to be exceeded at once, and more than any other test asks of one endpoint. */
const PER_SECOND = 20;

describe('ordersvc with nothing behind it', () => {
  let app: App;

  before(async () => {
    // Ports that were free a moment ago: nobody answers there.
    const [store, database, zipkin] = await freePorts(3);
    app = createContainer(
      readConfig({
        HTTP_PORT: '0',
        ADMIN_PORT: '0',
        EVENTSTORE_ADDRESS: `127.0.0.1:${store}`,
        ORDERS_DATABASE_URL: `postgres://orders@127.0.0.1:${database}/ordersdb`,
        OTEL_EXPORTER_ZIPKIN_ENDPOINT: `http://127.0.0.1:${zipkin}/api/v2/spans`,
        REQUEST_TIMEOUT_MS: '3000',
        RATE_LIMIT_PER_SECOND: String(PER_SECOND),
        TRUSTED_PROXIES: '1',
        LOG_LEVEL: 'silent',
      }),
    );
    await app.lifecycle.start();
  });

  after(() => app?.lifecycle.stop());

  it('starts, lives, and says that it is not ready', async () => {
    const admin = `http://127.0.0.1:${app.ports().admin}`;
    assert.equal((await fetch(`${admin}/healthz`)).status, 200);
    await until(async () => (await fetch(`${admin}/readyz`)).status === 503, {
      what: 'not ready without an event store',
      deadlineMs: 5_000,
    });
  });

  it('refuses orders with when to come back, and shows nothing of the inside', async () => {
    const orders = `http://127.0.0.1:${app.ports().http}/api/orders`;
    const response = await fetch(orders, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(order),
    });
    assert.equal(response.status, 503);
    assert.ok(Number(response.headers.get('retry-after')) >= 1);
    assert.match(response.headers.get('x-trace-id') ?? '', /^[0-9a-f]{32}$/);
    assert.doesNotMatch(await response.text(), /ECONNREFUSED|127\.0\.0\.1|postgres|grpc/i);
  });

  it('refuses what comes faster than it may, with when to come back', async () => {
    const orders = `http://127.0.0.1:${app.ports().http}/api/orders`;
    const answers = await Promise.all(
      Array.from({ length: PER_SECOND + 1 }, () => fetch(`${orders}/o1/events`)),
    );
    const refused = answers.find(({ status }) => status === 429) ?? assert.fail('nothing refused');
    assert.ok(Number(refused.headers.get('retry-after')) >= 1);
    assert.match(refused.headers.get('x-trace-id') ?? '', /^[0-9a-f]{32}$/);
    const { code, type } = (await refused.json()) as { code: string; type: string };
    assert.deepEqual([code, type], ['rate_limited', 'urn:orders:problem:rate_limited']);
    await until(async () => (await fetch(`${orders}/o1/events`)).status === 503, {
      what: 'served again',
      deadlineMs: 10_000,
    });
  });

  it('serves a caller beside the flood of another', async () => {
    const orders = `http://127.0.0.1:${app.ports().http}/api/orders/o1/events`;
    const from = async (address: string) => {
      const headers = { 'x-forwarded-for': `6.6.6.6, ${address}` };
      const response = await fetch(orders, { headers });
      await response.text();
      return response.status;
    };
    const flood = Array.from({ length: 10 * PER_SECOND }, () => from('192.0.2.1'));
    // Without an event store 503 is the answer of who is served.
    for (let n = 0; n < PER_SECOND / 2; n++) assert.equal(await from('192.0.2.2'), 503);
    assert.ok((await Promise.all(flood)).filter((status) => status === 429).length >= PER_SECOND);
  });

  it('cannot change an order, and says when to come back', async () => {
    const url = `http://127.0.0.1:${app.ports().http}/api/orders/o1/cancel`;
    const response = await fetch(url, { method: 'POST' });
    assert.equal(response.status, 503);
    assert.ok(Number(response.headers.get('retry-after')) >= 1);
    await response.text();
  });

  it('has no order to show: neither the read model nor the log can be asked', async () => {
    const orders = `http://127.0.0.1:${app.ports().http}/api/orders`;
    for (const path of ['/o1', '/o1/events', '?customer_id=c1']) {
      assert.equal((await fetch(orders + path)).status, 503, path);
    }
  });
});

describe('ordersvc before an event store that says nothing', () => {
  it('has the requests of a flood wait, so many and no more', async () => {
    const sockets: Socket[] = [];
    const silent = createServer((socket) => {
      sockets.push(socket.on('error', () => undefined).resume());
    });
    await once(silent.listen(0, '127.0.0.1'), 'listening');
    const [database, zipkin] = await freePorts(2);
    const app = createContainer(
      readConfig({
        HTTP_PORT: '0',
        ADMIN_PORT: '0',
        EVENTSTORE_ADDRESS: `127.0.0.1:${(silent.address() as AddressInfo).port}`,
        ORDERS_DATABASE_URL: `postgres://orders@127.0.0.1:${database}/ordersdb`,
        OTEL_EXPORTER_ZIPKIN_ENDPOINT: `http://127.0.0.1:${zipkin}/api/v2/spans`,
        TRUSTED_PROXIES: '1',
        LOG_LEVEL: 'silent',
      }),
    );
    await app.lifecycle.start();
    let text = '';
    /** Sends so many requests at once, without waiting for an answer. */
    const ask = (address: string, count: number) => {
      const socket = connect(app.ports().http, '127.0.0.1');
      sockets.push(socket);
      socket
        .on('error', () => undefined)
        .on('data', (part) => {
          text += part;
        });
      const head = `GET /api/orders/o1/events HTTP/1.1\r\nHost: localhost:${app.ports().http}\r\nX-Forwarded-For: ${address}\r\n\r\n`;
      socket.write(head.repeat(count));
    };
    try {
      ask('192.0.2.2', 1);
      for (let n = 0; n < 12; n++) ask('192.0.2.1', 90);
      await until(async () => text.includes('too_many_waiting'), {
        what: 'a flood is refused',
        deadlineMs: 10_000,
      });
      assert.match(text, /HTTP\/1\.1 429 .*retry-after: 1/is);
    } finally {
      await app.lifecycle.stop();
      silent.close();
      for (const socket of sockets) socket.destroy();
    }
  });
});
