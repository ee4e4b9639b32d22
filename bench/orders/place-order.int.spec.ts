import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer, type RequestListener, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { orderPlacer, type Placer } from './place-order.ts';

describe('orderPlacer', () => {
  let server: Server;
  let placer: Placer;

  async function against(answer: RequestListener, requestMs?: number): Promise<Placer> {
    server = createServer(answer).listen(0, '127.0.0.1');
    await once(server, 'listening');
    const { port } = server.address() as AddressInfo;
    placer = orderPlacer(`http://127.0.0.1:${port}`, 2, { requestMs });
    return placer;
  }
  afterEach(() => {
    placer.close();
    server.closeAllConnections();
    server.close();
  });

  it('has the id of an accepted order, over a connection that is kept', async () => {
    const { place } = await against((_, response) =>
      response.writeHead(201).end('{"order_id":"one"}'),
    );
    let connections = 0;
    server.on('connection', () => connections++);
    for (const n of [0, 1]) {
      assert.deepEqual(await place(n), { kind: 'accepted', orderId: 'one' });
    }
    assert.equal(connections, 1);
  });

  it('says in a word why there is none', async () => {
    const { place } = await against((_, response) => response.writeHead(503).end());
    assert.deepEqual(await place(0), { kind: 'refused', why: '503' });
  });

  it('gives up an answer that begins and never ends', async () => {
    let trickle: NodeJS.Timeout | undefined;
    const { place } = await against((_, response) => {
      response.writeHead(201);
      trickle = setInterval(() => response.write(' '), 5);
      response.on('close', () => clearInterval(trickle));
    }, 100);
    const late = { kind: 'refused', why: 'no answer in 100 ms' };
    // More than there are connections: those that were given up are free again.
    for (let n = 0; n < 3; n++) assert.deepEqual(await place(n), late);
  });
});
