import assert from 'node:assert/strict';
import { credentials } from '@grpc/grpc-js';
import {
  EventStoreClient,
  type EventStoreServer,
  EventStoreService,
} from '../../../../../proto/gen/eventstore.ts';
import { eventually } from '../../../../testing/eventually.ts';
import { background } from '../../../context.ts';
import { silentLogger } from '../../../logger.ts';
import { callUnary, channelTo, type GrpcServer, grpcServer, unary } from '../grpc-server.ts';

const ctx = background();
const call = { name: 'eventstore.EventStore/GetHead', timeoutMs: 5_000 };

describe('a channel to several servers', function suite() {
  this.timeout(30_000);
  const servers: (GrpcServer | undefined)[] = [];
  const clients: EventStoreClient[] = [];
  /** Work that a call waits for in a server, if anything. */
  let held: Promise<void> | undefined;

  afterEach(async () => {
    held = undefined;
    for (const client of clients.splice(0)) client.close();
    await Promise.all(servers.splice(0).map((server) => server?.stop?.()));
  });

  /** Starts the server of this number, which answers with it; resolves with its port. */
  async function serve(number: number, port = 0): Promise<number> {
    const implementation = {
      getHead: unary({
        ...call,
        decode: () => undefined,
        endpoint: async () => {
          await held;
          return { position: BigInt(number) };
        },
        encode: (head: { position: bigint }) => head,
      }),
    } as unknown as EventStoreServer;
    const server = grpcServer({
      host: '127.0.0.1',
      port,
      services: [{ definition: EventStoreService, implementation }],
      logger: silentLogger,
    });
    servers[number] = server;
    await server.start?.();
    return server.port();
  }

  function clientOf(address: string, balance = true) {
    const { target, options } = channelTo(address, { balance });
    const client = new EventStoreClient(target, credentials.createInsecure(), options);
    clients.push(client);
    return async () => {
      const ask = client.getHead.bind(client);
      return Number((await callUnary(ask, { stream: 'S' }, ctx, call)).position);
    };
  }

  const times = async (count: number, ask: () => Promise<number>) => {
    const answers: number[] = [];
    for (let n = 0; n < count; n += 1) answers.push(await ask());
    return answers;
  };

  /** Until calls go to these and to no other. */
  const only = (ask: () => Promise<number>, ...wanted: readonly number[]) =>
    eventually(`answers of ${wanted}`, async () => {
      const answers = [...new Set(await times(12, ask))].sort();
      if (String(answers) === String(wanted)) return true;
      throw new Error(String(answers));
    });

  it('asks all in turns, by names as well as by numbers', async () => {
    const ports = [await serve(0), await serve(1), await serve(2)];
    const ask = clientOf(`localhost:${ports[0]}, 127.0.0.1:${ports[1]},127.0.0.1:${ports[2]}`);
    await only(ask, 0, 1, 2);
    const counts = Map.groupBy(await times(30, ask), (number) => number);
    assert.deepEqual([...counts.values()].map((all) => all.length).sort(), [10, 10, 10]);
  });

  it('while one stops in order no call fails, what it began is answered, and it is asked again when it is back', async () => {
    const ports = [await serve(0), await serve(1)];
    const ask = clientOf(ports.map((port) => `127.0.0.1:${port}`).join(','));
    await only(ask, 0, 1);
    const begun = Promise.withResolvers<void>();
    held = begun.promise;
    const first = [ask(), ask(), ask(), ask()];
    await eventually('calls are open', () => servers[0]?.openCalls() === 2);
    const stopped = servers[0]?.stop?.();
    begun.resolve();
    assert.deepEqual((await Promise.all(first)).sort(), [0, 0, 1, 1]);
    const meanwhile = await times(50, ask);
    await stopped;
    assert.deepEqual([...new Set(meanwhile)], [1]);
    await serve(0, ports[0]);
    await only(ask, 0, 1);
  });

  it('one that is not there at the start keeps nobody waiting', async () => {
    const [there, later] = [await serve(0), await serve(1)];
    await servers[1]?.stop?.();
    const ask = clientOf(`127.0.0.1:${later},127.0.0.1:${there}`);
    assert.deepEqual([...new Set(await times(6, ask))], [0]);
    await serve(1, later);
    await only(ask, 0, 1);
  });

  it('without balancing one is asked until it stops', async () => {
    const ports = [await serve(0), await serve(1)];
    const ask = clientOf(ports.map((port) => `127.0.0.1:${port}`).join(','), false);
    const [first = assert.fail()] = await times(1, ask);
    assert.deepEqual([...new Set(await times(10, ask))], [first]);
    await servers[first]?.stop?.();
    await only(ask, 1 - first);
  });

  it('where nobody answers, it is unavailable, and says so', async () => {
    const ports = [await serve(0), await serve(1)];
    await Promise.all(servers.splice(0).map((server) => server?.stop?.()));
    const ask = clientOf(ports.map((port) => `127.0.0.1:${port}`).join(','));
    await assert.rejects(ask(), { kind: 'unavailable' });
  });
});
