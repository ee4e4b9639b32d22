import assert from 'node:assert/strict';
import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Server } from 'node:net';
import { pino } from 'pino';
import { silentLogger } from '../logger.ts';
import { listenOn } from './net-listening.ts';

describe('a server that listens', () => {
  const servers: Server[] = [];
  let lines: string[];

  async function listening(): Promise<Server> {
    const server = createServer((socket) => socket.on('error', () => {}).resume());
    servers.push(server);
    lines = [];
    const write = (line: string) => void lines.push((JSON.parse(line) as { msg: string }).msg);
    await listenOn(server, 'gRPC', '127.0.0.1', 0, pino({ base: null }, { write }));
    return server;
  }
  const portOf = (server: Server) => (server.address() as AddressInfo).port;

  afterEach(() => {
    for (const server of servers.splice(0)) server.close();
  });

  it('outlives connections that it could not take, any number of them, and says so seldom', async () => {
    const server = await listening();
    for (let i = 0; i < 3; i++) server.emit('error', new Error('accept EMFILE'));
    assert.deepEqual(lines, ['gRPC connections cannot be accepted at the moment']);
    const socket = connect(portOf(server), '127.0.0.1');
    await once(socket, 'connect');
    socket.destroy();
  });

  it('that cannot is told of with its address', async () => {
    const port = portOf(await listening());
    await assert.rejects(
      listenOn(createServer(), 'HTTP', '127.0.0.1', port, silentLogger),
      new RegExp(`^Error: HTTP cannot listen on 127\\.0\\.0\\.1:${port}: .*EADDRINUSE`),
    );
  });
});
