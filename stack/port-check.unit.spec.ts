import assert from 'node:assert/strict';
import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net';
import { makePlan } from './plan.ts';
import { checkPorts, type WantedPort, wantedPorts } from './port-check.ts';
import { freePort, freePorts } from './ports.ts';
import { describeProblem, SetupProblem } from './problem.ts';

const standard = { ports: 'standard', zipkin: true, own: {} } as const;
const urls = {
  EVENTSTORE_DATABASE_URL: 'postgres://mine/a',
  ORDERS_DATABASE_URL: 'postgres://mine/b',
  PAYMENTS_DATABASE_URL: 'postgres://mine/c',
  SAGA_DATABASE_URL: 'postgres://mine/d',
};

const node = (port: number, monitorPort: number) => ({
  name: 'NATS',
  port,
  monitorPort,
  clusterPort: undefined,
});

describe('checkPorts', () => {
  it('names the port in use, whose it would be, who has it, and the variable', async () => {
    const port = await freePort();
    const server = createServer().listen(port, '127.0.0.1');
    await once(server, 'listening');
    const plan = await makePlan({ ...standard, ports: 'free', own: { ...urls } });
    try {
      await assert.rejects(
        checkPorts(wantedPorts({ ...plan, nats: [node(port, await freePort())] })),
        (error) => {
          assert.ok(error instanceof SetupProblem);
          const [before, after] = error.message.split(', taken by node');
          assert.equal(before, `port ${port} (NATS`);
          assert.ok(after?.endsWith(`, process ${process.pid}) is in use`), error.message);
          assert.match(error.remedy, /stop what listens there, or set NATS_PORT to/);
          return true;
        },
      );
    } finally {
      server.close();
    }
    await checkPorts(wantedPorts(plan));
  });

  it('names several ports in use line by line, and then the remedy', async () => {
    const [port = 0, monitorPort = 0] = await freePorts(2);
    const servers = [port, monitorPort].map((each) => createServer().listen(each, '127.0.0.1'));
    await Promise.all(servers.map((server) => once(server, 'listening')));
    const plan = await makePlan({ ...standard, ports: 'free', own: { ...urls } });
    try {
      const problem: unknown = await checkPorts(
        wantedPorts({ ...plan, nats: [node(port, monitorPort)] }),
      ).catch((error) => error);
      const [head, first, second, remedy, ...more] = describeProblem(problem).split('\n');
      assert.equal(head, 'these ports are in use:');
      assert.ok(first?.startsWith(`  ${port} (NATS, taken by node`), first);
      assert.ok(second?.startsWith(`  ${monitorPort} (the NATS monitor, taken by node`), second);
      assert.match(
        remedy ?? '',
        /^→ stop what listens there, or set NATS_PORT, NATS_MONITOR_PORT to other ports$/,
      );
      assert.deepEqual(more, []);
    } finally {
      for (const server of servers) server.close();
    }
  });

  it('names a port that is wanted twice', async () => {
    const own = { HTTP_PORT: '9103' };
    const plan = await makePlan({
      ...standard,
      services: ['ordersvc', 'reviewworker'],
      own: {
        ...urls,
        NATS_URL: 'nats://mine:1',
        OTEL_EXPORTER_ZIPKIN_ENDPOINT: 'http://mine:3',
        ...own,
      },
    });
    assert.throws(
      () => wantedPorts(plan),
      /ordersvc and the admin of reviewworker cannot both use port 9103/,
    );
  });

  it('finds a port that is taken on the other address of localhost alone', async () => {
    const port = await freePort();
    const server = createServer().listen({ port, host: '::1', ipv6Only: true });
    await once(server, 'listening');
    const wanted = { port, what: 'ordersvc', variable: 'HTTP_PORT' };
    try {
      await assert.rejects(
        checkPorts([wanted]),
        new RegExp(
          `^SetupProblem: port ${port} on \\[::1\\], which is localhost, too \\(ordersvc, taken by node .*, process ${process.pid}\\) is in use$`,
        ),
      );
    } finally {
      server.close();
    }
  });

  describe('where a port is the own end of a connection', () => {
    let server: Server;
    let client: Socket;
    let wanted: WantedPort;
    beforeEach(async () => {
      const far = await freePort();
      server = createServer((socket) => socket.on('error', () => {}).resume());
      server.listen(far, '127.0.0.1');
      await once(server, 'listening');
      // As the system chose it: one that a program chose lets others listen beside it.
      client = connect({ port: far, host: '127.0.0.1' });
      await once(client, 'connect');
      const { localPort: port = 0 } = client;
      wanted = { port, what: 'eventstoresvc', variable: 'GRPC_PORT' };
    });
    afterEach(() => {
      client.destroy();
      server.close();
    });

    it('waits for its end, and says so once', async () => {
      const said: string[] = [];
      await checkPorts([wanted], {
        clientMs: 20_000,
        say: (text) => {
          said.push(text);
          // A reset leaves nothing behind, as the end of a connection may for a minute.
          client.resetAndDestroy();
        },
      });
      assert.deepEqual(
        said.map((text) => /^waiting up to 20 s for port \d+ \(eventstoresvc, taken by/.test(text)),
        [true],
      );
    });

    it('says who has it and where the connection goes, after a while', async () => {
      const problem = await checkPorts([wanted], { clientMs: 100 }).catch((error) => error);
      const { port: far } = server.address() as AddressInfo;
      assert.ok(
        problem.message.endsWith(`, process ${process.pid} to 127.0.0.1:${far}) is in use`),
        problem.message,
      );
      assert.match(
        describeProblem(problem),
        /^port \d+ \(eventstoresvc, taken by a connection of node .* → wait until that connection ends, or set GRPC_PORT to/,
      );
      await assert.rejects(checkPorts([wanted], { clientMs: 100, onlyClients: true }), /in use/);
    });

    it('ignores listening processes, if only clients are asked for', async () => {
      const { port } = server.address() as AddressInfo;
      await checkPorts([{ ...wanted, port }], { onlyClients: true });
    });
  });
});
