import assert from 'node:assert/strict';
import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net';
import { eventually } from '../../testing/eventually.ts';
import { type ConnectionRoom, connectionRoom } from './connection-room.ts';

describe('room for connections', () => {
  let server: Server;
  let room: ConnectionRoom;
  let full: number;
  let entered: Socket[];
  let clients: Socket[];

  async function serve(most: number, firstMs = 60_000): Promise<void> {
    full = 0;
    entered = [];
    clients = [];
    room = connectionRoom({ most, firstMs, onFull: () => full++ });
    server = createServer((socket) => {
      socket.on('error', () => {}).resume();
      if (room.enter(socket)) entered.push(socket);
    });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
  }

  /** A client, and the socket that the server has of it where it was let in. */
  async function come(words = ''): Promise<Socket> {
    const client = connect((server.address() as AddressInfo).port, '127.0.0.1');
    client.on('error', () => {}).resume();
    clients.push(client);
    const before = entered.length;
    let gone = false;
    client.once('close', () => {
      gone = true;
    });
    await eventually('it is let in, or not', () => gone || entered.length > before);
    if (words === '') return client;
    client.write(words);
    await eventually('it is heard', () => (entered.at(-1)?.bytesRead ?? 0) > 0);
    return client;
  }

  afterEach(() => {
    for (const client of clients) client.destroy();
    server.close();
  });

  it('who has said nothing makes room first, the oldest of them', async () => {
    await serve(3);
    const spoke = await come('hello');
    const [silent, later] = [await come(), await come()];
    const newcomer = await come();
    await eventually('it is closed', () => silent.destroyed);
    assert.deepEqual(
      [spoke, later, newcomer].map(({ destroyed }) => destroyed),
      [false, false, false],
    );
    assert.equal(full, 1);
  });

  it('then who has been idle for longest, and never who is at work', async () => {
    await serve(2);
    const [busy, idle] = [await come('hello'), await come('hello')];
    room.busy(entered[0] as Socket);
    room.busy(entered[1] as Socket);
    room.idle(entered[1] as Socket);
    await come('hello');
    await eventually('it is closed', () => idle.destroyed);
    assert.equal(busy.destroyed, false);
  });

  it('nobody makes room where all are at work: the newcomer is closed', async () => {
    await serve(1);
    const busy = await come('hello');
    room.busy(entered[0] as Socket);
    const newcomer = await come();
    await eventually('it is closed', () => newcomer.destroyed);
    assert.equal(busy.destroyed, false);
  });

  it('who says nothing for long is closed, who spoke once is not', async () => {
    await serve(10, 1_000);
    const [spoke, silent] = [await come('hello'), await come()];
    await eventually('it is closed', () => silent.destroyed);
    const another = await come();
    await eventually('the next one is closed', () => another.destroyed);
    assert.equal(spoke.destroyed, false);
  });
});
