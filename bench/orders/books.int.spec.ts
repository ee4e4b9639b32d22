import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer, type Server, type Socket } from 'node:net';
import { type TestNats, testNats, testPostgres } from '../../stack/testing.ts';
import { compareBooks } from './books.ts';

describe('compareBooks', () => {
  let nats: TestNats;
  let silent: Server;
  let reached: Promise<unknown>;
  const sockets: Socket[] = [];

  before(async () => {
    nats = await testNats();
    // Takes connections and answers nothing, as a process does that was stopped.
    silent = createServer((socket) => sockets.push(socket)).listen(0, '127.0.0.1');
    await once(silent, 'listening');
    reached = once(silent, 'connection');
  });
  after(async () => {
    for (const socket of sockets) socket.destroy();
    silent?.close();
    await nats?.stop();
  });

  it('hears Ctrl-C while a book does not answer', async () => {
    const url = await (await testPostgres()).createDatabase();
    const address = silent.address();
    assert.ok(address !== null && typeof address === 'object');
    const addresses = {
      eventStore: `127.0.0.1:${address.port}`,
      natsUrl: nats.url,
      ordersDatabaseUrl: url,
      paymentsDatabaseUrl: url,
      sagaDatabaseUrl: url,
    };
    const pressed = new AbortController();
    const comparing = compareBooks(addresses, pressed.signal);
    comparing.catch(() => undefined);
    await reached;
    const began = performance.now();
    pressed.abort();
    await assert.rejects(comparing, { name: 'AbortError' });
    assert.ok(performance.now() - began < 2_000);
  });
});
