import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect, createServer } from 'node:net';
import { type Instance, makePlan } from '../plan.ts';
import { freePorts, LOOPBACK } from '../ports.ts';
import { layWires, type Wires } from './wires.ts';

describe("chaos' wires", () => {
  let wires: Wires;
  beforeEach(() => {
    wires = layWires();
  });
  afterEach(() => wires.stop());

  async function routed(
    name: string,
    variable: Parameters<Wires['route']>[1],
    address: string,
  ): Promise<string> {
    const plan = await makePlan({ ports: 'free', zipkin: false, own: {} });
    const instance = plan.instances.find((one) => one.name === name) as Instance;
    return wires.route(instance, variable, address, plan);
  }
  const ports = (address: string) => [...address.matchAll(/:(\d+)(?=$|[,/?])/g)].map(([, p]) => p);

  it('lead to each host of a URL with several, and leave the rest of it as it was', async () => {
    const [one, two, three] = await freePorts(3);
    const hosts = [one, two, three].map((port) => `${LOOPBACK}:${port}`).join(',');
    const rest = 'ordersdb?target_session_attrs=read-write&passfile=/a/b.pgpass';
    const told = await routed('ordersvc', 'ORDERS_DATABASE_URL', `postgres://me@${hosts}/${rest}`);
    const laid = wires.lines[0]?.wires.map(({ address }) => address) ?? [];
    assert.equal(laid.length, 3);
    assert.equal(told, `postgres://me@${laid.join(',')}/${rest}`);
    assert.ok(!ports(told).some((port) => [one, two, three].map(String).includes(port ?? '')));
  });

  it('lead to each of several URLs or addresses, for each instance to all event stores', async () => {
    const nats = await routed(
      'paymentworker',
      'NATS_URL',
      'nats://127.0.0.1:1?nkey=/x,nats://127.0.0.1:2?nkey=/x',
    );
    assert.match(nats, /^nats:\/\/127\.0\.0\.1:\d+\?nkey=\/x,nats:\/\/127\.0\.0\.1:\d+\?nkey=\/x$/);
    const stores = await routed('ordersvc', 'EVENTSTORE_ADDRESS', '127.0.0.1:1,127.0.0.1:2');
    assert.match(stores, /^127\.0\.0\.1:\d+,127\.0\.0\.1:\d+$/);
    assert.deepEqual(
      wires.lines.map(({ wires: each }) => each.length),
      [2, 2],
    );
    const all = wires.lines.flatMap((line) => line.wires);
    assert.equal(new Set(all.map(({ port }) => port)).size, 4);
  });

  it('carry what is sent to the host in whose place they stand', async () => {
    const servers = ['one', 'two'].map((word) =>
      createServer((socket) => socket.end(word)).listen(0, LOOPBACK),
    );
    await Promise.all(servers.map((server) => once(server, 'listening')));
    try {
      const addresses = servers.map((server) => {
        const at = server.address();
        return `${LOOPBACK}:${typeof at === 'object' ? at?.port : at}`;
      });
      const told = await routed('ordersvc', 'EVENTSTORE_ADDRESS', addresses.join(','));
      const words = await Promise.all(ports(told).map((port) => read(Number(port))));
      assert.deepEqual(words, ['one', 'two']);
    } finally {
      for (const server of servers) server.close();
    }
  });
});

async function read(port: number): Promise<string> {
  const socket = connect({ host: LOOPBACK, port }).setEncoding('utf8');
  let text = '';
  socket.on('data', (piece: string) => {
    text += piece;
  });
  await once(socket, 'close');
  return text;
}
